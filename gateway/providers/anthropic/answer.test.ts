import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import { garbage } from '../../ways-in/garbage.fixture.ts';
import type { DialectCall } from '../dialect.ts';
import { anthropicAnswer, anthropicError } from './answer.ts';
import { callOf } from './sent.fixture.ts';
import { AnthropicChunks } from './stream.ts';

const call = (more: Partial<DialectCall> = {}) => callOf({}, more);

const delta = (index: number, inner: object) => ({
  name: 'content_block_delta',
  data: { type: 'content_block_delta', index, delta: inner },
});
const start = (index: number, content_block: object) => ({
  name: 'content_block_start',
  data: { type: 'content_block_start', index, content_block },
});
const stop = (index: number) => ({ name: 'content_block_stop', data: { type: 'content_block_stop', index } });
const usage = { input_tokens: 10, cache_read_input_tokens: 5, cache_creation_input_tokens: 3, output_tokens: 1 };
const STREAM = [
  {
    name: 'message_start',
    data: { type: 'message_start', message: { id: 'msg_1', model: 'claude-x-1', usage, content: [], stop_reason: null } },
  },
  { name: 'ping', data: { type: 'ping' } },
  start(0, { type: 'thinking', thinking: '' }),
  delta(0, { type: 'thinking_delta', thinking: 'h' }),
  delta(0, { type: 'thinking_delta', thinking: 'm' }),
  delta(0, { type: 'signature_delta', signature: 'sig' }),
  stop(0),
  start(1, { type: 'text', text: '' }),
  delta(1, { type: 'text_delta', text: 'Look' }),
  delta(1, { type: 'text_delta', text: 'ing' }),
  stop(1),
  start(2, { type: 'tool_use', id: 'a', name: 'f', input: {} }),
  delta(2, { type: 'input_json_delta', partial_json: '' }),
  delta(2, { type: 'input_json_delta', partial_json: '{"q":' }),
  delta(2, { type: 'input_json_delta', partial_json: '1}' }),
  stop(2),
  start(3, { type: 'tool_use', id: 'b', name: 'g', input: {} }),
  stop(3),
  { name: 'message_delta', data: { type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 20 } } },
  { name: 'message_stop', data: { type: 'message_stop' } },
];
const WHOLE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model: 'claude-x-1',
  content: [
    { type: 'thinking', thinking: 'hm', signature: 'sig' },
    { type: 'text', text: 'Looking' },
    { type: 'tool_use', id: 'a', name: 'f', input: { q: 1 } },
    { type: 'tool_use', id: 'b', name: 'g', input: {} },
  ],
  stop_reason: 'tool_use',
  usage: { ...usage, output_tokens: 20 },
};

test('whole and streamed answers are the same completion', () => {
  const expected = {
    role: 'assistant',
    content: 'Looking',
    reasoning_content: 'hm',
    thinking_blocks: [{ type: 'thinking', thinking: 'hm', signature: 'sig' }],
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'f', arguments: '{"q":1}' } },
      { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } },
    ],
  };
  const whole = anthropicAnswer(WHOLE, call());
  expect(whole).toMatchObject({ id: 'msg_1', model: 'claude-x-1', choices: [{ message: expected, finish_reason: 'tool_calls' }] });
  expect(whole.usage).toEqual({
    prompt_tokens: 18,
    completion_tokens: 20,
    total_tokens: 38,
    prompt_tokens_details: { cached_tokens: 5, cache_write_tokens: 3 },
  });
  const chunks = new AnthropicChunks(call());
  const recorder = new StreamRecorder();
  for (const event of STREAM) {
    expect(chunks.ended).toBe(false);
    for (const chunk of chunks.take(event)) recorder.take(chunk);
  }
  expect(chunks.ended).toBe(true);
  const { choices, usage: counted, id, model } = JSON.parse(recorder.completion());
  expect({ choices, usage: counted, id, model }).toEqual({ choices: whole.choices, usage: whole.usage, id: whole.id, model: whole.model });
});

test.each([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['pause_turn', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content_filter'],
])('%s is %s', (reason, finish) => {
  const { choices } = anthropicAnswer({ content: [{ type: 'text', text: 'a' }], stop_reason: reason }, call());
  expect(choices[0]!.finish_reason).toBe(finish);
  expect(choices[0]!.message.refusal !== undefined).toBe(reason === 'refusal');
});

test('errors, whole and in the stream', () => {
  expect(anthropicError({ type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } })).toEqual({
    message: 'slow down',
    code: 'rate_limit_error',
  });
  expect(anthropicError('<html>')).toEqual({ message: '<html>', code: null });
  const event = (type: string) => ({ name: 'error', data: { type: 'error', error: { type, message: 'm' } } });
  expect(() => new AnthropicChunks(call()).take(event('overloaded_error'))).toThrow(
    expect.objectContaining({ code: 'unavailable', retryable: true }),
  );
  expect(() => new AnthropicChunks(call()).take(event('api_error'))).toThrow(expect.objectContaining({ code: 'upstream_invalid' }));
});

test('a text that is gone on from is not said again', () => {
  const chunks = new AnthropicChunks(call({ prefix: 'The cat \n' }));
  const said = (text: string) => chunks.take(delta(0, { type: 'text_delta', text })).map((chunk) => chunk.choices[0]!.delta.content);
  // The white space at its end is the caller's already; more of it is not.
  expect([said(' '), said('\n\nsat'), said(' down')]).toEqual([[], ['\nsat'], [' down']]);
  const other = new AnthropicChunks(call({ prefix: 'The cat ' }));
  expect(other.take(delta(0, { type: 'text_delta', text: '\nsat' }))[0]!.choices[0]!.delta.content).toBe('\nsat');
});

test('redacted and unreadable thoughts go on whole, one without a signature does not', () => {
  const content = [
    { type: 'redacted_thinking', data: 'x' },
    { type: 'thinking', thinking: '', signature: 'only' },
    { type: 'thinking', thinking: 'unsigned' },
    { type: 'text', text: 'a' },
  ];
  const whole = anthropicAnswer({ content, stop_reason: 'end_turn' }, call()).choices[0]!.message;
  expect(whole.thinking_blocks).toEqual(content.slice(0, 2));
  const chunks = new AnthropicChunks(call());
  const recorder = new StreamRecorder();
  const events = [
    [start(0, content[0]!), stop(0)],
    [start(1, { type: 'thinking', thinking: '' }), delta(1, { type: 'signature_delta', signature: 'only' }), stop(1)],
    [start(2, { type: 'thinking', thinking: 'un' }), delta(2, { type: 'thinking_delta', thinking: 'signed' }), stop(2)],
    [start(3, { type: 'text', text: 'a' }), stop(3)],
  ].flat();
  for (const event of events) for (const chunk of chunks.take(event)) recorder.take(chunk);
  expect(JSON.parse(recorder.completion()).choices[0].message).toEqual(whole);
  expect(chunks.ended).toBe(false);
});

test('a refusal says why, whole and streamed', () => {
  const stopped = { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'bio', explanation: 'Not this.' } };
  const { message, finish_reason: finish } = anthropicAnswer({ content: [], ...stopped }, call()).choices[0]!;
  expect([message, finish]).toEqual([{ role: 'assistant', content: null, refusal: 'Not this.' }, 'content_filter']);
  const [chunk] = new AnthropicChunks(call()).take({ name: 'message_delta', data: { type: 'message_delta', delta: stopped } });
  expect(chunk!.choices[0]).toMatchObject({ delta: { refusal: 'Not this.' }, finish_reason: 'content_filter' });
});

test('counts that are null say nothing; thinking is counted within the answer', () => {
  const chunks = new AnthropicChunks(call());
  const last = { input_tokens: null, cache_read_input_tokens: null, output_tokens: 9, output_tokens_details: { thinking_tokens: 6 } };
  chunks.take(STREAM[0]!);
  chunks.take({ name: 'message_delta', data: { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: last } });
  expect(chunks.take({ name: 'message_stop', data: { type: 'message_stop' } })).toMatchObject([
    {
      choices: [],
      usage: { prompt_tokens: 18, completion_tokens: 9, completion_tokens_details: { reasoning_tokens: 6 } },
    },
  ]);
});

const EVENTS = 'message_start content_block_start content_block_delta content_block_stop message_delta message_stop error ping new';

test('garbage is no other error than ours', () => {
  const events = fc.array(
    fc.record(
      {
        type: fc.constantFrom(...EVENTS.split(' ')),
        index: garbage,
        message: garbage,
        content_block: garbage,
        delta: garbage,
        usage: garbage,
      },
      { requiredKeys: ['type'] },
    ),
    { maxLength: 6 },
  );
  const answers = fc.record(
    { content: fc.array(garbage), stop_reason: garbage, stop_details: garbage, usage: garbage, id: garbage, error: garbage },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(garbage, answers, fc.anything()), events, (answer, stream) => {
      const chunks = new AnthropicChunks(call());
      for (const attempt of [
        () => anthropicAnswer(answer, call()),
        () => anthropicError(answer),
        () => chunks.take({ name: '', data: answer }),
        ...stream.map((data) => () => chunks.take({ name: data.type, data })),
      ]) {
        try {
          attempt();
        } catch (error) {
          if (!isStillhouseError(error)) throw error;
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('the stop text that was met is told, whole and streamed', () => {
  const ended = { stop_reason: 'stop_sequence', stop_sequence: 'END' };
  const whole = anthropicAnswer({ id: 'm', model: 'c', content: [{ type: 'text', text: 'a' }], ...ended }, callOf());
  expect(whole.choices).toMatchObject([{ finish_reason: 'stop', stop_reason: 'END' }]);
  const chunks = new AnthropicChunks(callOf());
  const [last] = chunks.take({ name: 'message_delta', data: { type: 'message_delta', delta: ended } });
  expect(last!.choices).toMatchObject([{ finish_reason: 'stop', stop_reason: 'END' }]);
});
