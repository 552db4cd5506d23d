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
    p: 0.9,
    k: 5,
    seed: 3,
    max_tokens: 9,
    stream: true,
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

test('one function by its name is the only one there is; strict tools and Cohere’s own fields go out', () => {
  const tool = (name: string, strict = true) => ({ type: 'function', function: { name, strict, parameters: {} } });
  const choice = { tool_choice: { type: 'function', function: { name: 'f' } } };
  expect(sent({ tools: [tool('f')], ...choice })).toMatchObject({ tool_choice: 'REQUIRED', strict_tools: true });
  expect(sent({ tools: [tool('f'), tool('g', false)], ...choice }, { lenient: true })).not.toHaveProperty('strict_tools');
  expect(() => sent({ tools: [tool('f'), tool('g')], ...choice })).toThrow(expect.objectContaining({ param: 'tool_choice' }));
  const own = { documents: ['a text'], safety_mode: 'STRICT', citation_options: { mode: 'OFF' } };
  expect(sent(own)).toMatchObject(own);
});

test.each([
  [{ reasoning_effort: 'none' }, { type: 'disabled' }],
  [{ reasoning_effort: 'high' }, { type: 'enabled', token_budget: 24_576 }],
  [{ thinking: { type: 'enabled', budget_tokens: 2000 } }, { type: 'enabled', token_budget: 2000 }],
  [{ thinking: { type: 'disabled' } }, { type: 'disabled' }],
])('%j is thinking of %j', (body, thinking) => {
  expect(sent(body)['thinking']).toEqual(thinking);
});

test('log-probabilities, whole and streamed', () => {
  const logprobs = { text: 'Hi', token_ids: [1, 2], logprobs: [-0.5, -0.25] };
  const expected = { content: [{ token: 'Hi', logprob: -0.75, bytes: [72, 105], top_logprobs: [] }], refusal: null };
  const whole = cohereAnswer(
    { message: { content: [{ type: 'text', text: 'Hi' }] }, finish_reason: 'COMPLETE', logprobs: [logprobs] },
    call(),
  );
  expect(whole.choices[0]!.logprobs).toEqual(expected);
  const delta = { ...event('content-delta', { delta: { message: { content: { text: 'Hi' } } }, logprobs }) };
  expect(new CohereChunks(call()).take(delta)[0]!.choices[0]).toMatchObject({ delta: { content: 'Hi' }, logprobs: expected });
});

test('thinking is reasoning, whole and streamed', () => {
  const content = [
    { type: 'thinking', thinking: 'hm' },
    { type: 'text', text: 'yes' },
  ];
  const whole = cohereAnswer({ message: { content }, finish_reason: 'COMPLETE' }, call());
  expect(whole.choices[0]!.message).toEqual({ role: 'assistant', content: 'yes', reasoning_content: 'hm' });
  const chunks = new CohereChunks(call());
  const recorder = new StreamRecorder();
  for (const one of [
    event('message-start', { id: 'c' }),
    event('content-start', { index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } }),
    event('content-delta', { index: 0, delta: { message: { content: { thinking: 'hm' } } } }),
    event('content-start', { index: 1, delta: { message: { content: { type: 'text', text: '' } } } }),
    event('content-delta', { index: 1, delta: { message: { content: { text: 'yes' } } } }),
    event('message-end', { delta: { finish_reason: 'COMPLETE' } }),
  ]) {
    for (const chunk of chunks.take(one)) recorder.take(chunk);
  }
  expect(JSON.parse(recorder.completion()).choices).toEqual(whole.choices);
});

test('tokens are those that are billed; where that is not said, those that the model saw', () => {
  const counted = (given: object) => cohereAnswer({ message: {}, finish_reason: 'COMPLETE', usage: given }, call()).usage;
  const tokens = { input_tokens: 70, output_tokens: 9 };
  expect(counted({ tokens, billed_units: { input_tokens: 5, output_tokens: 4 }, cached_tokens: 16 })).toEqual({
    prompt_tokens: 5,
    completion_tokens: 4,
    total_tokens: 9,
    prompt_tokens_details: { cached_tokens: 5 },
  });
  expect(counted({ tokens })).toEqual({ prompt_tokens: 70, completion_tokens: 9, total_tokens: 79 });
});

const usage = { billed_units: { input_tokens: 50, output_tokens: 4 }, tokens: { input_tokens: 70, output_tokens: 9 }, cached_tokens: 16 };
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
    usage: { prompt_tokens: 50, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 16 } },
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
  const end = event('message-end', { delta: { finish_reason: 'ERROR', error: 'no capacity' } });
  expect(() => new CohereChunks(call()).take(end)).toThrow(
    expect.objectContaining({ code: 'upstream_invalid', message: expect.stringContaining('no capacity') }),
  );
  expect(cohereError({ id: 'x', message: 'invalid api token' })).toEqual({ message: 'invalid api token', code: null });
});

test('embeddings', () => {
  expect(JSON.parse(cohereEmbeddings.request('embed-x', ['a'], { dimensions: 256 }).body)).toEqual({
    model: 'embed-x',
    texts: ['a'],
    input_type: 'search_document',
    embedding_types: ['float'],
    output_dimension: 256,
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
