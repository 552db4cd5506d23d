import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isStillhouseError } from '../../../contracts/errors.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import type { DialectCall } from '../dialect.ts';
import { chatMessages } from '../chat-messages.fixture.ts';
import { anthropicAnswer, anthropicError } from './answer.ts';
import { anthropicRequest } from './request.ts';
import { AnthropicChunks } from './stream.ts';

const call = (body: object = {}, more: Partial<DialectCall> = {}): DialectCall => ({
  model: 'claude-x',
  body: { messages: [{ role: 'user', content: 'Hi' }], ...body },
  stream: false,
  lenient: false,
  prefix: '',
  now: 1,
  ...more,
});
const sent = (body: object = {}, more: Partial<DialectCall> = {}) =>
  JSON.parse(anthropicRequest(call(body, more)).body) as Record<string, unknown>;

const PNG = 'data:image/png;base64,iVBORw0K';
const tools = [
  {
    type: 'function',
    function: { name: 'look_up', description: 'd', parameters: { type: 'object' } },
    cache_control: { type: 'ephemeral' },
  },
];

test('a conversation with tools, images, files and marks for the cache', () => {
  const body = {
    messages: [
      { role: 'system', content: [{ type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } }] },
      { role: 'developer', content: 'Be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          { type: 'image_url', image_url: { url: PNG } },
          { type: 'image_url', image_url: { url: 'https://x/y.png' } },
        ],
      },
      { role: 'user', content: [{ type: 'file', file: { file_data: 'data:application/pdf;base64,JVBER', filename: 'a.pdf' } }] },
      {
        role: 'assistant',
        content: 'Looking',
        thinking_blocks: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'thinking', thinking: 'unsigned' },
          { type: 'redacted_thinking', data: 'x' },
        ],
        tool_calls: [
          { id: 'a', type: 'function', function: { name: 'look_up', arguments: '{"q":1}' } },
          { id: 'b', type: 'function', function: { name: 'look_up', arguments: '' } },
        ],
      },
      { role: 'tool', tool_call_id: 'a', content: 'one' },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'image_url', image_url: { url: PNG } }] },
      { role: 'user', content: 'So?' },
    ],
    tools,
    tool_choice: 'required',
    parallel_tool_calls: false,
    stop: 'END',
    temperature: 0.5,
    top_k: 4,
    user: 'u1',
  };
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0K' } };
  expect(sent(body)).toEqual({
    model: 'claude-x',
    max_tokens: 4096,
    system: [
      { type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Be brief' },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'See' },
          image,
          { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
          { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'JVBER' }, title: 'a.pdf' },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'redacted_thinking', data: 'x' },
          { type: 'text', text: 'Looking' },
          { type: 'tool_use', id: 'a', name: 'look_up', input: { q: 1 } },
          { type: 'tool_use', id: 'b', name: 'look_up', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'one' }] },
          { type: 'tool_result', tool_use_id: 'b', content: [image] },
          { type: 'text', text: 'So?' },
        ],
      },
    ],
    tools: [{ name: 'look_up', description: 'd', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } }],
    tool_choice: { type: 'any', disable_parallel_tool_use: true },
    stop_sequences: ['END'],
    temperature: 0.5,
    top_k: 4,
    metadata: { user_id: 'u1' },
  });
});

test('a message’s mark for the cache is on its last block', () => {
  const { messages } = sent({
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
        cache_control: { type: 'ephemeral' },
      },
    ],
  });
  expect(messages).toEqual([
    {
      role: 'user',
      content: [
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b', cache_control: { type: 'ephemeral' } },
      ],
    },
  ]);
});

test.each([
  [{ tool_choice: 'none', tools }, { tool_choice: { type: 'none' } }],
  [{ tool_choice: { type: 'function', function: { name: 'look_up' } }, tools }, { tool_choice: { type: 'tool', name: 'look_up' } }],
  [{ max_completion_tokens: 7, max_tokens: 5 }, { max_tokens: 7 }],
  [{ reasoning_effort: 'low' }, { max_tokens: 6144, thinking: { type: 'enabled', budget_tokens: 2048 } }],
  [
    { reasoning_effort: 'high', max_tokens: 5000 },
    { max_tokens: 5000, thinking: { type: 'enabled', budget_tokens: 4744 } },
  ],
  [{ thinking: { type: 'enabled', budget_tokens: 3000 } }, { max_tokens: 7096, thinking: { type: 'enabled', budget_tokens: 3000 } }],
  [
    { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } } },
    { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
  ],
])('%j', (body, expected) => {
  expect(sent(body)).toMatchObject(expected);
});

test.each([
  { reasoning_effort: 'none' },
  { reasoning_effort: 'minimal' },
  { reasoning_effort: 'high', max_tokens: 900 },
  { thinking: { type: 'disabled' } },
])('no thinking: %j', (body) => {
  expect(sent(body)).not.toHaveProperty('thinking');
});

test.each([
  [{ n: 2 }, 'n'],
  [{ seed: 1 }, 'seed'],
  [{ logprobs: true }, 'logprobs'],
  [{ frequency_penalty: 1 }, 'frequency_penalty'],
  [{ response_format: { type: 'json_object' } }, 'response_format'],
  [{ temperature: 1.5 }, 'temperature'],
  [{ temperature: 0, reasoning_effort: 'low' }, 'temperature'],
])('what it can’t do is refused by name, and left out for a lenient caller: %j', (body, param) => {
  expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  expect(sent(body, { lenient: true })).not.toHaveProperty(param);
});

test('what asks for nothing is not refused', () => {
  sent({ n: 1, logprobs: false, seed: null, frequency_penalty: 0, stream_options: {}, store: false, modalities: ['text'] });
});

test.each([
  [
    { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'x', format: 'mp3' } }] }] },
    'messages[0].content[0].input_audio',
  ],
  [{ messages: [{ role: 'user', content: '' }] }, 'messages[0].content'],
  [{ messages: [{ role: 'function', content: 'x' }] }, 'messages[0].role'],
  [
    { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{' } }] }] },
    'messages[0].tool_calls[0].function.arguments',
  ],
  [{ tools: [{ type: 'web_search' }] }, 'tools[0]'],
  [{ max_tokens: 0 }, 'max_completion_tokens'],
  [{ messages: [{ role: 'system', content: 'only' }] }, 'messages'],
])('what is malformed is refused by its path: %j', (body, param) => {
  expect(() => sent(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
});

test('it goes on from a text: without the white space at its end, and without thinking', () => {
  const body = sent({ reasoning_effort: 'high' }, { prefix: 'The cat ' });
  expect(body).not.toHaveProperty('thinking');
  expect((body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'The cat' }] });
  const chunks = new AnthropicChunks(call({}, { prefix: 'The cat ' }));
  const said = (text: string) => chunks.take(delta(0, { type: 'text_delta', text })).map((chunk) => chunk.choices[0]!.delta.content);
  // The white space is the caller's already.
  expect([said(' '), said(' sat'), said(' down')]).toEqual([[], ['sat'], [' down']]);
});

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

test('whatever is asked, the turns alternate, or it is refused by name', () => {
  fc.assert(
    fc.property(chatMessages, (messages) => {
      let body: { messages: { role: string; content: unknown[] }[] };
      try {
        body = sent({ messages }) as unknown as typeof body;
      } catch (error) {
        expect(isStillhouseError(error, 'invalid_request')).toBe(true);
        return;
      }
      for (const [index, { role, content }] of body.messages.entries()) {
        expect(content.length).toBeGreaterThan(0);
        if (index > 0) expect(role).not.toBe(body.messages[index - 1]!.role);
      }
    }),
  );
});

test('garbage is no other error than ours', () => {
  fc.assert(
    fc.property(fc.anything(), (garbage) => {
      for (const attempt of [
        () => anthropicAnswer(garbage, call()),
        () => new AnthropicChunks(call()).take({ name: '', data: garbage }),
        () => anthropicError(garbage),
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
