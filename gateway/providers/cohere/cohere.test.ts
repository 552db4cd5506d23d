import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import { chatMessages } from '../chat-messages.fixture.ts';
import type { DialectCall } from '../dialect.ts';
import { cohereAnswer, cohereError } from './answer.ts';
import { cohereEmbeddings } from './embeddings.ts';
import { cohereRequest } from './request.ts';
import { CohereChunks } from './stream.ts';

const call = (body: object = {}, more: Partial<DialectCall> = {}): DialectCall => ({
  model: 'command-x',
  body: { messages: [{ role: 'user', content: 'Hi' }], ...body },
  stream: false,
  lenient: false,
  prefix: '',
  now: 1,
  ...more,
});
const sent = (body: object = {}, more: Partial<DialectCall> = {}) =>
  JSON.parse(cohereRequest(call(body, more)).body) as Record<string, unknown>;

test('a conversation with tools and images', () => {
  const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,aaaa' } };
  const calls = [{ id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":1}' } }];
  const body = {
    messages: [
      { role: 'developer', content: 'Rules' },
      { role: 'user', content: [{ type: 'text', text: 'See' }, image] },
      { role: 'assistant', content: null, reasoning_content: 'I look', tool_calls: calls },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    tool_choice: 'required',
    stop: 'x',
    top_p: 0.9,
    top_k: 5,
    seed: 3,
    max_completion_tokens: 9,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
    reasoning_effort: 'low',
    stream: true,
  };
  expect(sent(body, { stream: true })).toEqual({
    model: 'command-x',
    messages: [
      { role: 'system', content: 'Rules' },
      { role: 'user', content: [{ type: 'text', text: 'See' }, image] },
      { role: 'assistant', tool_plan: 'I look', tool_calls: calls },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
    tool_choice: 'REQUIRED',
    stop_sequences: ['x'],
    ...{ p: 0.9, k: 5, seed: 3, max_tokens: 9, stream: true },
    response_format: { type: 'json_object', json_schema: { type: 'object' } },
    thinking: { type: 'enabled', token_budget: 1024 },
  });
});

test.each([
  [{ n: 2 }, 'n'],
  [{ logit_bias: { 5: 1 } }, 'logit_bias'],
  [{ tool_choice: { type: 'function', function: { name: 'f' } } }, 'tool_choice'],
  [{ reasoning_effort: 'huge' }, 'reasoning_effort'],
  [
    { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x', format: 'mp3' } }] }] },
    'messages[0].content[0].input_audio',
  ],
])('what it can’t do is refused by name: %j', (body, param) => {
  expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

const usage = { billed_units: { input_tokens: 5, output_tokens: 4 }, tokens: { input_tokens: 70, output_tokens: 9 }, cached_tokens: 16 };
const event = (type: string, rest: object = {}) => ({ name: type, data: { type, ...rest } });
const STREAM = [
  event('message-start', { id: 'c1', delta: { message: { role: 'assistant' } } }),
  event('tool-plan-delta', { delta: { message: { tool_plan: 'I ' } } }),
  event('tool-plan-delta', { delta: { message: { tool_plan: 'look' } } }),
  event('tool-call-start', {
    index: 0,
    delta: { message: { tool_calls: { id: 'a', type: 'function', function: { name: 'f', arguments: '' } } } },
  }),
  event('tool-call-delta', { index: 0, delta: { message: { tool_calls: { function: { arguments: '{"q":' } } } } }),
  event('tool-call-delta', { index: 0, delta: { message: { tool_calls: { function: { arguments: '1}' } } } } }),
  event('tool-call-end', { index: 0 }),
  event('tool-call-start', {
    index: 1,
    delta: { message: { tool_calls: { id: 'b', type: 'function', function: { name: 'g', arguments: '' } } } },
  }),
  event('tool-call-end', { index: 1 }),
  event('content-start', { index: 0, delta: { message: { content: { type: 'text', text: '' } } } }),
  event('content-delta', { index: 0, delta: { message: { content: { text: 'Look' } } } }),
  event('content-delta', { index: 0, delta: { message: { content: { text: 'ing' } } } }),
  event('citation-start', { index: 0 }),
  event('content-end', { index: 0 }),
  event('message-end', { delta: { finish_reason: 'TOOL_CALL', usage } }),
];

test('whole and streamed answers are the same completion', () => {
  const whole = cohereAnswer(
    {
      id: 'c1',
      finish_reason: 'TOOL_CALL',
      message: {
        role: 'assistant',
        tool_plan: 'I look',
        content: [{ type: 'text', text: 'Looking' }],
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":1}' } },
          { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
        ],
      },
      usage,
    },
    call(),
  );
  expect(whole).toMatchObject({
    usage: { prompt_tokens: 70, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 16 } },
    choices: [{ message: { reasoning_content: 'I look' } }],
  });
  const chunks = new CohereChunks(call());
  const recorder = new StreamRecorder();
  for (const one of STREAM) {
    expect(chunks.ended).toBe(false);
    for (const chunk of chunks.take(one)) recorder.take(chunk);
  }
  expect(chunks.ended).toBe(true);
  const { choices, usage: counted, id, model } = JSON.parse(recorder.completion());
  expect({ choices, usage: counted, id, model }).toEqual({ choices: whole.choices, usage: whole.usage, id: whole.id, model: whole.model });
});

test.each([
  ['COMPLETE', 'stop'],
  ['STOP_SEQUENCE', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['ERROR_TOXIC', 'content_filter'],
])('%s is %s', (reason, finish) => {
  expect(cohereAnswer({ message: { content: [] }, finish_reason: reason }, call()).choices[0]!.finish_reason).toBe(finish);
});

test('an answer that ended in an error is none', () => {
  expect(() => cohereAnswer({ message: {}, finish_reason: 'ERROR' }, call())).toThrow(
    expect.objectContaining({ code: 'upstream_invalid' }),
  );
  expect(() => new CohereChunks(call()).take(event('message-end', { delta: { finish_reason: 'ERROR' } }))).toThrow(
    expect.objectContaining({ code: 'upstream_invalid' }),
  );
  expect(cohereError({ id: 'x', message: 'invalid api token' })).toEqual({ message: 'invalid api token', code: null });
});

test('embeddings', () => {
  expect(JSON.parse(cohereEmbeddings.request('embed-x', ['a'], { dimensions: 256 }).body)).toEqual({
    ...{ model: 'embed-x', texts: ['a'], input_type: 'search_document', embedding_types: ['float'], output_dimension: 256 },
  });
  expect(cohereEmbeddings.answer({ embeddings: { float: [[1, 2]] }, meta: { billed_units: { input_tokens: 3 } } })).toEqual({
    vectors: [[1, 2]],
    tokens: 3,
  });
  expect(() =>
    cohereEmbeddings.request(
      'e',
      Array.from({ length: 97 }, () => 'a'),
      {},
    ),
  ).toThrow(expect.objectContaining({ param: 'input' }));
});

test('whatever is asked, and whatever comes, is no other error than ours', () => {
  fc.assert(
    fc.property(chatMessages, fc.anything(), (messages, garbage) => {
      for (const attempt of [
        () => sent({ messages }),
        () => cohereAnswer(garbage, call()),
        () => new CohereChunks(call()).take({ name: '', data: garbage }),
        () => cohereError(garbage),
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
