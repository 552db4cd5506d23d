import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { garbageIn, TOO_DEEP } from '../garbage.fixture.ts';
import type { ChatCompletion } from '../../providers/dialect.ts';
import { responsesWayIn } from '../responses.ts';

const TRACE = '01a21749-9a90-75d3-a137-50f20dc284f8';
const asked = { model: 'smart', input: 'Hi' };

test('a conversation in items is the messages that one would write', () => {
  const body = responsesWayIn.toChat({
    model: 'smart',
    instructions: 'Rules',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'See' },
          { type: 'input_image', image_url: 'https://x/y.png', detail: 'low' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }] },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking', annotations: [] }] },
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"q":1}' },
      { type: 'function_call', call_id: 'b', name: 'g', arguments: '{}' },
      { type: 'function_call_output', call_id: 'a', output: 'one' },
      { type: 'function_call_output', call_id: 'b', output: [{ type: 'input_text', text: 'two' }] },
      { role: 'developer', content: 'Quick' },
    ],
    tools: [{ type: 'function', name: 'f', description: null, parameters: { type: 'object' }, strict: true }],
    tool_choice: { type: 'function', name: 'f' },
    reasoning: { effort: 'low' },
    max_output_tokens: 9,
    include: ['message.output_text.logprobs'],
    store: false,
  });
  expect(body).toEqual({
    model: 'smart',
    messages: [
      { role: 'system', content: 'Rules' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: 'Looking',
        reasoning_content: 'hm',
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":1}' } },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: 'two' },
      { role: 'developer', content: 'Quick' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    reasoning_effort: 'low',
    max_completion_tokens: 9,
    logprobs: true,
  });
});

const F = { type: 'function', name: 'f' };

test.each([
  [{ input: 5 }, 'input'],
  [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input[0].type'],
  [{ input: [{ role: 'tool', content: 'x' }] }, 'input[0].role'],
  [{ input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'f' }] }] }, 'input[0].content[0].image_url'],
  [{ tools: [{ type: 'web_search' }] }, 'tools[0].type'],
  [{ background: true }, 'background'],
  [{ truncation: 'auto' }, 'truncation'],
  [{ conversation: 'c' }, 'conversation'],
  [{ include: ['file_search_call.results'] }, 'include[0]'],
  [{ input: [] }, 'input'],
  [{ input: [{ id: 'msg_1' }] }, 'input[0].type'],
  [{ tools: [{ type: 'custom', name: 'x' }] }, 'tools[0].type'],
  [{ tools: [F], tool_choice: { type: 'web_search' } }, 'tool_choice'],
  [{ tools: [F], tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'h' }] } }, 'tool_choice.tools[0]'],
  [{ tools: [F], tool_choice: { type: 'allowed_tools', mode: 'any', tools: [F] } }, 'tool_choice.mode'],
  [{ text: { format: TOO_DEEP } }, 'text'],
])('what the gateway can’t carry is refused by its path: %#', (more, param) => {
  expect(() => responsesWayIn.toChat({ ...asked, ...more })).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('a choice among tools is an offer of these alone, said again as it was asked', () => {
  const tools = [F, { type: 'function', name: 'g' }];
  const body = { ...asked, tools, tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'g' }] } };
  expect(responsesWayIn.toChat(body)).toMatchObject({
    tools: [{ type: 'function', function: { name: 'g' } }],
    tool_choice: 'required',
  });
  expect(responsesWayIn.fromCompletion({ choices: [] } as unknown as ChatCompletion, body, TRACE)).toMatchObject({
    tools,
    tool_choice: body.tool_choice,
  });
});

test('what means nothing without tools, or asks for nothing, is left out', () => {
  const body = responsesWayIn.toChat({ ...asked, tools: [], tool_choice: 'auto', parallel_tool_calls: false, top_logprobs: 0 });
  expect(body).toEqual({ model: 'smart', messages: [{ role: 'user', content: 'Hi' }] });
  expect(responsesWayIn.toChat({ ...asked, tools: [F], parallel_tool_calls: false })).toMatchObject({ parallel_tool_calls: false });
});

const called = (id: string) => ({ type: 'function_call', call_id: id, name: 'f', arguments: '{}' });
const thought = (text: string) => ({ type: 'reasoning', id: 'rs', summary: [{ type: 'summary_text', text }] });
const said = (content: string) => ({ type: 'message', role: 'assistant', content });
const result = (id: string) => ({ type: 'function_call_output', call_id: id, output: 'one' });
const calls = (...ids: string[]) => ids.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } }));
const tool = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'one' });

test.each([
  [
    'text behind a call',
    [said('Look'), called('a'), said('ing'), result('a')],
    [{ role: 'assistant', content: 'Looking', tool_calls: calls('a') }, tool('a')],
  ],
  [
    'thoughts between calls',
    [thought('h'), called('a'), thought('m'), called('b'), result('a'), result('b')],
    [{ role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: calls('a', 'b') }, tool('a'), tool('b')],
  ],
  [
    'two texts in a row',
    [said('one'), thought('hm'), said('two')],
    [
      { role: 'assistant', content: 'one' },
      { role: 'assistant', content: 'two', reasoning_content: 'hm' },
    ],
  ],
  ['thoughts behind a text', [said('one'), thought('hm')], [{ role: 'assistant', content: 'one', reasoning_content: 'hm' }]],
  [
    'thoughts behind a text, and more before the next',
    [thought('a'), said('one'), thought('b'), { role: 'user', content: 'So?' }, thought('c'), said('two')],
    [
      { role: 'assistant', content: 'one', reasoning_content: 'ab' },
      { role: 'user', content: 'So?' },
      { role: 'assistant', content: 'two', reasoning_content: 'c' },
    ],
  ],
  ['thoughts that came to nothing', [thought('hm'), { role: 'user', content: 'So?' }], [{ role: 'user', content: 'So?' }]],
])('results follow their calls: %s', (_what, input, messages) => {
  expect(responsesWayIn.toChat({ ...asked, input })['messages']).toEqual(messages);
});

test('garbage is no other error than ours', () => {
  const body = garbageIn('input', 'instructions', 'text', 'tools', 'tool_choice', 'reasoning', 'include', 'top_logprobs');
  fc.assert(
    fc.property(body, (given) => {
      try {
        JSON.stringify(responsesWayIn.toChat({ ...asked, ...given }));
      } catch (error) {
        if (!isStillhouseError(error, 'invalid_request')) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
