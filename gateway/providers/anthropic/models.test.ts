import { expect, test } from 'vitest';
import type { DialectCall } from '../dialect.ts';
import { abilitiesOf } from './models.ts';
import { sent as sentOf } from './sent.fixture.ts';

/** What goes out differs by the model's generation. */

const sent = (model: string, body: object, more: Partial<DialectCall> = {}) => sentOf(body, { model, ...more });
const tools = [{ type: 'function', function: { name: 'f' } }];
const refusal = (param: string) => expect.objectContaining({ code: 'invalid_request', param });

test.each([
  ['claude-3-haiku-20240307', 4096, null],
  ['claude-3-5-sonnet-20241022', 8192, null],
  ['claude-3-7-sonnet-latest', 8192, 'budget'],
  ['claude-opus-4-20250514', 32_000, 'budget'],
  ['claude-opus-4-1-20250805', 32_000, 'budget'],
  ['claude-haiku-4-5', 32_000, 'budget'],
  ['claude-sonnet-4-6', 32_000, 'either'],
  ['claude-opus-4-8', 32_000, 'effort'],
  ['claude-sonnet-5', 32_000, 'effort'],
  ['claude-mythos-preview', 32_000, 'effort'],
  ['claude-opus-6', 32_000, 'effort'],
  ['my-own', 4096, 'either'],
])('%s answers within %i tokens unless told otherwise, and thinks by %s', (model, usualTokens, thinks) => {
  expect(abilitiesOf(model)).toMatchObject({ usualTokens, thinks });
  expect(sent(model, {})).toMatchObject({ max_tokens: usualTokens });
});

const budget = (budget_tokens: number) => ({ thinking: { type: 'enabled', budget_tokens } });
const adaptive = (effort: string) => ({ thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort } });

test.each([
  ['claude-haiku-4-5', { reasoning_effort: 'low' }, { max_tokens: 32_000, ...budget(2048) }],
  ['claude-haiku-4-5', { reasoning_effort: 'xhigh' }, { max_tokens: 36_864, ...budget(32_768) }],
  ['claude-haiku-4-5', { reasoning_effort: 'high', max_tokens: 5000 }, { max_tokens: 5000, ...budget(4744) }],
  ['claude-haiku-4-5', { ...budget(3000), top_p: 0.95 }, { ...budget(3000), top_p: 0.95 }],
  ['claude-opus-4-6', budget(3000), budget(3000)],
  ['claude-opus-4-6', { reasoning_effort: 'xhigh' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }],
  ['claude-opus-4-7', { reasoning_effort: 'xhigh' }, adaptive('xhigh')],
  ['claude-sonnet-5-5', { reasoning_effort: 'low' }, adaptive('low')],
  ['claude-sonnet-5-5', { thinking: { type: 'adaptive' }, reasoning_effort: 'max' }, { output_config: { effort: 'max' } }],
  ['claude-sonnet-5', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }],
  ['claude-sonnet-5-5', { reasoning_effort: 'none' }, { thinking: { type: 'between_tools' } }],
  ['claude-sonnet-5-5', { thinking: { type: 'disabled' } }, { thinking: { type: 'between_tools' } }],
  ['claude-haiku-5-5', { reasoning_effort: 'minimal' }, { thinking: { type: 'disabled' } }],
  ['claude-opus-5-5', { reasoning_effort: 'minimal' }, { output_config: { effort: 'low' } }],
  ['my-own', { thinking: { type: 'new' } }, { thinking: { type: 'new' } }],
])('%s thinks for %j', (model, body, expected) => {
  expect(sent(model, body)).toMatchObject(expected);
});

test.each([
  ['claude-haiku-4-5', { reasoning_effort: 'none' }],
  ['claude-haiku-4-5', { reasoning_effort: 'high', max_tokens: 900 }],
  ['claude-opus-4-8', { thinking: { type: 'disabled' } }],
  ['claude-opus-5-5', { reasoning_effort: 'minimal' }],
  [
    'claude-haiku-4-5',
    {
      reasoning_effort: 'low',
      messages: [
        { role: 'user', content: 'a' },
        { role: 'assistant', content: 'b' },
      ],
    },
  ],
])('%s is not told to think for %j', (model, body) => {
  expect(sent(model, body)).not.toHaveProperty('thinking');
});

test('calls of tools that were made without a thought are gone on with without one', () => {
  const conversation = (thought: object) => ({
    messages: [
      { role: 'user', content: 'a' },
      { role: 'assistant', ...thought, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'a', content: 'r' },
    ],
    tools,
    reasoning_effort: 'low',
  });
  const signed = { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }] };
  expect(sent('claude-haiku-4-5', conversation(signed))).toMatchObject(budget(2048));
  expect(sent('claude-haiku-4-5', conversation({}))).not.toHaveProperty('thinking');
  expect(sent('claude-sonnet-5', conversation({}))).toMatchObject(adaptive('low'));
});

test.each([
  ['claude-haiku-4-5', { reasoning_effort: 'low', temperature: 0 }, 'temperature', { temperature: undefined }],
  ['claude-haiku-4-5', { reasoning_effort: 'low', top_p: 0.9 }, 'top_p', { top_p: undefined }],
  ['claude-haiku-4-5', { reasoning_effort: 'low', top_k: 5 }, 'top_k', { top_k: undefined }],
  ['claude-haiku-4-5', { reasoning_effort: 'low', tools, tool_choice: 'required' }, 'tool_choice', { thinking: undefined }],
  ['claude-haiku-4-5', { reasoning_effort: 'max' }, 'reasoning_effort', { thinking: undefined }],
  ['claude-haiku-4-5', { thinking: { type: 'adaptive' } }, 'thinking', budget(8192)],
  ['claude-haiku-4-5', { temperature: 0.5, top_p: 0.5 }, 'top_p', { temperature: 0.5, top_p: undefined }],
  ['claude-3-haiku', { reasoning_effort: 'low' }, 'reasoning_effort', { thinking: undefined }],
  [
    'claude-3-haiku',
    { response_format: { type: 'json_schema', json_schema: { schema: {} } } },
    'response_format',
    { output_config: undefined },
  ],
  ['claude-3-haiku', { tools: [{ type: 'function', function: { name: 'f', strict: true } }] }, 'tools[0].function.strict', {}],
  ['claude-opus-4-7', budget(3000), 'thinking', adaptive('low')],
  ['claude-opus-4-7', { temperature: 0 }, 'temperature', { temperature: undefined }],
  ['claude-opus-5-5', { reasoning_effort: 'none' }, 'reasoning_effort', { output_config: { effort: 'low' }, thinking: undefined }],
  ['claude-fable-5', { thinking: { type: 'disabled' } }, 'thinking', { thinking: undefined }],
  ['claude-sonnet-5-5', { tools, tool_choice: 'required' }, 'tool_choice', { tool_choice: { type: 'auto' } }],
  ['my-own', { reasoning_effort: 'huge' }, 'reasoning_effort', { thinking: undefined }],
])('%s can’t do %j: refused by name, and next to it for a lenient caller', (model, body, param, lenient) => {
  expect(() => sent(model, body)).toThrow(refusal(param));
  const wire = sent(model, body, { lenient: true });
  expect({ ...wire }).toEqual({ ...wire, ...lenient });
});

test('what is the default anyway is no hindrance', () => {
  expect(sent('claude-opus-4-7', { temperature: 1, top_p: 1 })).not.toHaveProperty('temperature');
  expect(sent('claude-haiku-4-5', { temperature: 0.5, top_p: 1 })).toMatchObject({ temperature: 0.5 });
  expect(sent('claude-haiku-5-5', { tools, tool_choice: 'required' })).toMatchObject({ tool_choice: { type: 'any' } });
});

test('from 4.6 on no model goes on from the assistant’s words', () => {
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
  ];
  expect(sent('claude-haiku-4-5', { messages })['messages']).toHaveLength(2);
  expect(() => sent('claude-opus-4-6', { messages })).toThrow(refusal('messages[1]'));
  expect(sent('claude-opus-4-6', { messages }, { lenient: true })['messages']).toHaveLength(1);
  for (const lenient of [false, true]) expect(() => sent('claude-opus-4-6', {}, { prefix: 'b', lenient })).toThrow(refusal('messages[1]'));
});
