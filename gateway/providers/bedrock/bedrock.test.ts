import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import { chatMessages } from '../chat-messages.fixture.ts';
import type { DialectCall } from '../dialect.ts';
import { bedrockAnswer } from './answer.ts';
import { bedrockRequest } from './request.ts';
import { BedrockChunks } from './stream.ts';

const CLAUDE = 'eu.anthropic.claude-sonnet-4-5-20250929-v1:0';
const OPUS_4_6 = 'global.anthropic.claude-opus-4-6-v1';
const OPUS_4_8 = 'us.anthropic.claude-opus-4-8-v1:0';
const ALWAYS = 'us.anthropic.claude-opus-5-5-v1:0';
const call = (body: object = {}, more: Partial<DialectCall> = {}): DialectCall => ({
  model: CLAUDE,
  body: { messages: [{ role: 'user', content: 'Hi' }], ...body },
  stream: false,
  lenient: false,
  prefix: '',
  now: 1,
  ...more,
});
const sent = (body: object = {}, more: Partial<DialectCall> = {}) => bedrockRequest(call(body, more));
const refusal = (param: string) => expect.objectContaining({ code: 'invalid_request', param });

const tool = (name: string, strict?: boolean) => ({ type: 'function', function: { name, parameters: { type: 'object' }, strict } });
const spec = (name: string, more: object = {}) => ({ toolSpec: { name, ...more, inputSchema: { json: { type: 'object' } } } });
const CALLED = [
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }] },
  { role: 'tool', tool_call_id: 'a', content: 'one' },
];

test('tools that may not be called are not offered', () => {
  expect(sent({ tools: [tool('f')], tool_choice: 'none' })).not.toHaveProperty('toolConfig');
  expect(sent({ tools: [tool('f', true)], tool_choice: 'required' })['toolConfig']).toEqual({
    tools: [spec('f', { strict: true })],
    toolChoice: { any: {} },
  });
});

test('a conversation with calls of tools must offer some: refused by name where none may be called', () => {
  const choice = { messages: CALLED, tools: [tool('f'), tool('g')], tool_choice: 'none' };
  expect(() => sent(choice)).toThrow(refusal('tool_choice'));
  expect(sent(choice, { lenient: true })['toolConfig']).toEqual({ tools: [spec('f'), spec('g')] });
  expect(() => sent({ messages: CALLED })).toThrow(refusal('tools'));
  expect(sent({ messages: CALLED }, { lenient: true })['toolConfig']).toEqual({
    tools: [{ toolSpec: { name: 'f', inputSchema: { json: { type: 'object', properties: {} } } } }],
  });
});

test.each([
  [CLAUDE, { reasoning_effort: 'high' }, { thinking: { type: 'enabled', budget_tokens: 16_384 } }, 20_480],
  [CLAUDE, { reasoning_effort: 'high', max_tokens: 5000 }, { thinking: { type: 'enabled', budget_tokens: 4744 } }, 5000],
  [CLAUDE, { reasoning_effort: 'none' }, undefined, undefined],
  [CLAUDE, { thinking: { type: 'enabled', budget_tokens: 2000 } }, { thinking: { type: 'enabled', budget_tokens: 2000 } }, 6096],
  [CLAUDE, { thinking: { type: 'disabled' } }, undefined, undefined],
  [OPUS_4_6, { thinking: { type: 'adaptive' } }, { thinking: { type: 'adaptive' } }, undefined],
  [OPUS_4_6, { reasoning_effort: 'xhigh' }, { thinking: { type: 'adaptive' }, output_config: { effort: 'max' } }, undefined],
  [
    OPUS_4_8,
    { reasoning_effort: 'high', max_tokens: 5000 },
    { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'high' } },
    5000,
  ],
  [OPUS_4_8, { reasoning_effort: 'none' }, undefined, undefined],
  ['us.anthropic.claude-sonnet-5-v1:0', { reasoning_effort: 'none' }, { thinking: { type: 'disabled' } }, undefined],
  [ALWAYS, { reasoning_effort: 'minimal' }, { output_config: { effort: 'low' } }, undefined],
  ['openai.gpt-oss-120b-1:0', { reasoning_effort: 'minimal' }, { reasoning_effort: 'low' }, undefined],
  ['openai.gpt-oss-120b-1:0', { reasoning_effort: 'low' }, { reasoning_effort: 'low' }, undefined],
  [
    'us.amazon.nova-2-lite-v1:0',
    { reasoning_effort: 'xhigh' },
    { reasoningConfig: { type: 'enabled', maxReasoningEffort: 'high' } },
    undefined,
  ],
  ['us.amazon.nova-2-lite-v1:0', { top_k: 3 }, { inferenceConfig: { topK: 3 } }, undefined],
  ['meta.llama-x', { reasoning_effort: 'none' }, undefined, undefined],
])('%s: %j goes out in the words of its maker', (model, body, fields, maxTokens) => {
  const request = sent(body, { model });
  expect(request['additionalModelRequestFields']).toEqual(fields);
  expect((request['inferenceConfig'] as { maxTokens?: number } | undefined)?.maxTokens).toBe(maxTokens);
});

test.each([
  ['meta.llama-x', { reasoning_effort: 'high' }, 'reasoning_effort'],
  ['us.deepseek.r1-v1:0', { reasoning_effort: 'none' }, 'reasoning_effort'],
  ['meta.llama-x', { thinking: { type: 'enabled', budget_tokens: 2000 } }, 'thinking'],
  [CLAUDE, { reasoning_effort: 'huge' }, 'reasoning_effort'],
  [CLAUDE, { reasoning_effort: 'high', temperature: 0.5 }, 'temperature'],
  [CLAUDE, { reasoning_effort: 'high', tools: [tool('f')], tool_choice: 'required' }, 'tool_choice'],
  [OPUS_4_8, { temperature: 0.5 }, 'temperature'],
  [OPUS_4_8, { top_k: 5 }, 'top_k'],
  [ALWAYS, { reasoning_effort: 'none' }, 'reasoning_effort'],
  [ALWAYS, { tools: [tool('f')], tool_choice: 'required' }, 'tool_choice'],
  [CLAUDE, { parallel_tool_calls: false, tools: [tool('f')] }, 'parallel_tool_calls'],
  [CLAUDE, { logit_bias: { 5: 1 } }, 'logit_bias'],
  [CLAUDE, { frequency_penalty: 1 }, 'frequency_penalty'],
  [CLAUDE, { n: 2 }, 'n'],
])('%s: %j is refused by name, and left out for a lenient caller', (model, body, param) => {
  expect(() => sent(body, { model })).toThrow(refusal(param));
  const text = JSON.stringify(sent(body, { model, lenient: true }));
  expect(text).not.toContain(param === 'temperature' ? '"temperature"' : `"${param}"`);
});

test.each([
  [CLAUDE, { thinking: { type: 'adaptive' } }, 'thinking', { thinking: { type: 'enabled', budget_tokens: 8192 } }],
  [
    OPUS_4_8,
    { thinking: { type: 'enabled', budget_tokens: 2000 } },
    'thinking',
    { thinking: { type: 'adaptive', display: 'summarized' }, output_config: { effort: 'low' } },
  ],
  ['openai.gpt-oss-120b-1:0', { reasoning_effort: 'none' }, 'reasoning_effort', { reasoning_effort: 'low' }],
])('%s: %j is refused by name, and what comes next to it for a lenient caller', (model, body, param, fields) => {
  expect(() => sent(body, { model })).toThrow(refusal(param));
  expect(sent(body, { model, lenient: true })['additionalModelRequestFields']).toEqual(fields);
});

test('from 4.6 on Anthropic’s models do not go on from a beginning, and calls without a thought are gone on with without one', () => {
  expect((sent({}, { prefix: 'The cat' })['messages'] as object[]).length).toBe(2);
  expect(() => sent({}, { model: OPUS_4_8, prefix: 'The cat' })).toThrow(refusal('messages[1]'));
  const body = { messages: CALLED, tools: [tool('f')], reasoning_effort: 'low' };
  expect(sent(body)).not.toHaveProperty('additionalModelRequestFields');
  const thought = { thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 's' }] };
  const messages = CALLED.map((message) => (message.role === 'assistant' ? { ...message, ...thought } : message));
  expect(sent({ ...body, messages })).toHaveProperty('additionalModelRequestFields');
});

test('documents and images by their formats, each document under a name of its own', () => {
  const file = (type: string, filename?: string) => ({ type: 'file', file: { file_data: `data:${type};base64,aGk=`, filename } });
  const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
  const image = { type: 'image_url', image_url: { url: 'data:image/jpg;base64,aGk=' } };
  const content = [image, file('application/pdf'), file('text/plain'), file(word, 'a/b_c.docx'), file('text/markdown', '...')];
  const { messages } = sent({ messages: [{ role: 'user', content }] }) as {
    messages: { content: Record<string, Record<string, unknown>>[] }[];
  };
  expect(messages[0]!.content.map(({ document, image: picture }) => [document?.['name'], (document ?? picture)!['format']])).toEqual([
    [undefined, 'jpeg'],
    ['document', 'pdf'],
    ['document (2)', 'txt'],
    ['a b-c docx', 'docx'],
    ['document (3)', 'md'],
  ]);
  expect(() => sent({ messages: [{ role: 'user', content: [file('application/zip')] }] })).toThrow(refusal('messages[0].content[0].file'));
});

test('fields that only Converse has go out as they came', () => {
  const guardrailConfig = { guardrailIdentifier: 'g', guardrailVersion: '1' };
  expect(sent({ guardrailConfig })).toMatchObject({ guardrailConfig });
});

const whole = (content: object[], more: object = {}) => ({
  output: { message: { role: 'assistant', content } },
  stopReason: 'end_turn',
  usage: { inputTokens: 3, outputTokens: 2 },
  ...more,
});
type Event = [name: string, data: object];
const delta = (index: number, value: object): Event => ['contentBlockDelta', { contentBlockIndex: index, delta: value }];

/** A stream's completion, and whether it was whole. */
function recorded(events: readonly Event[]) {
  const chunks = new BedrockChunks(call());
  const recorder = new StreamRecorder();
  for (const [name, data] of events) for (const chunk of chunks.take({ name, data })) recorder.take(chunk);
  return { ended: chunks.ended, completion: JSON.parse(recorder.completion()) as Record<string, unknown> };
}

const REDACTED = new Uint8Array([1, 2, 3]);
test.each<[string, object, Event[]]>([
  [
    'hidden thinking, and the model that a router chose',
    whole([{ reasoningContent: { redactedContent: REDACTED } }, { text: 'yes' }], {
      trace: { promptRouter: { invokedModelId: 'chosen' } },
    }),
    [
      ['messageStart', { role: 'assistant' }],
      delta(0, { reasoningContent: { redactedContent: REDACTED } }),
      ['contentBlockStop', { contentBlockIndex: 0 }],
      delta(1, { text: 'yes' }),
      ['messageStop', { stopReason: 'end_turn' }],
      ['metadata', { usage: { inputTokens: 3, outputTokens: 2 }, trace: { promptRouter: { invokedModelId: 'chosen' } } }],
    ],
  ],
  [
    'a guardrail that stepped in',
    whole([], { stopReason: 'guardrail_intervened' }),
    [
      ['messageStart', { role: 'assistant' }],
      ['messageStop', { stopReason: 'guardrail_intervened' }],
      ['metadata', { usage: { inputTokens: 3, outputTokens: 2 } }],
    ],
  ],
])('whole and streamed are the same: %s', (_, answer, events) => {
  const { choices, usage } = bedrockAnswer(answer, call());
  const { ended, completion } = recorded(events);
  expect(ended).toBe(true);
  expect(completion['usage']).toEqual(usage);
  const [choice] = completion['choices'] as { message: { content: string | null } }[];
  expect({ ...choice, message: { ...choice!.message, content: choice!.message.content || null } }).toEqual(choices[0]);
});

test('the model that a router chose is the answer’s', () => {
  const trace = { promptRouter: { invokedModelId: 'chosen' } };
  expect(bedrockAnswer(whole([{ text: 'x' }], { trace }), call()).model).toBe('chosen');
  expect(bedrockAnswer(whole([{ text: 'x' }]), call()).model).toBe(CLAUDE);
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool_calls'],
  ['content_filtered', 'content_filter'],
])('%s is %s', (stopReason, finish) => {
  expect(bedrockAnswer(whole([{ text: 'x' }], { stopReason }), call()).choices[0]!.finish_reason).toBe(finish);
});

test('an answer in which the model lost its way is none, and no stream’s end', () => {
  const stopReason = 'malformed_tool_use';
  expect(() => bedrockAnswer(whole([], { stopReason }), call())).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
  const chunks = new BedrockChunks(call());
  expect(() => chunks.take({ name: 'messageStop', data: { stopReason } })).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
  expect(chunks.ended).toBe(false);
});

const EVENTS = ['messageStart', 'contentBlockStart', 'contentBlockDelta', 'contentBlockStop', 'messageStop', 'metadata', 'new'];

test('whatever is asked, and whatever comes, is no other error than ours', () => {
  fc.assert(
    fc.property(chatMessages, fc.boolean(), fc.anything(), fc.constantFrom(...EVENTS), (messages, lenient, garbage, name) => {
      for (const attempt of [
        () => sent({ messages }, { lenient }),
        () => bedrockAnswer(garbage, call()),
        () => new BedrockChunks(call()).take({ name, data: garbage }),
      ]) {
        try {
          attempt();
        } catch (error) {
          expect(isStillhouseError(error)).toBe(true);
        }
      }
    }),
  );
});
