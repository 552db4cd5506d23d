import { afterAll, beforeAll, expect, test } from 'vitest';
import { StillhouseError } from '../../../contracts/errors.ts';
import { anthropic } from '../anthropic.ts';
import { CancelSignal } from '../cancel-signal.ts';
import { readStream, Upstream, wholeBody } from '../upstream.fixture.ts';

/** Anthropic over HTTP: what a caller gets of its answers, errors and streams. */

const upstream = new Upstream();
beforeAll(() => upstream.open(anthropic, 'anthropic', '/v1'));
afterAll(() => upstream.close());
const ask = (stream: boolean, how?: Parameters<Upstream['ask']>[2]) => upstream.ask('claude-haiku-4-5', stream, how);

const frame = (type: string, rest: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
const text = (value: string) => frame('content_block_delta', { index: 0, delta: { type: 'text_delta', text: value } });
const usage = {
  input_tokens: 5,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 60,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 1,
  service_tier: 'standard',
};
const message = {
  id: 'msg_01',
  type: 'message',
  role: 'assistant',
  model: 'claude-haiku-4-5-20251001',
  stop_sequence: null,
};
const start = frame('message_start', { message: { ...message, content: [], stop_reason: null, usage } });
const begin = frame('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
const end = [
  frame('content_block_stop', { index: 0 }),
  frame('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 4 } }),
  frame('message_stop'),
];

test('whole and streamed answers are the same to a caller', async () => {
  upstream.json({ ...message, content: [{ type: 'text', text: 'Hé!' }], stop_reason: 'end_turn', usage: { ...usage, output_tokens: 4 } });
  const given = await ask(false);
  expect(upstream.asked.url).toBe('/v1/messages');
  expect(upstream.asked.headers).toMatchObject({
    'x-api-key': 'the-key',
    'anthropic-version': '2023-06-01',
    'content-type': 'application/json',
  });
  expect(upstream.asked.headers).not.toHaveProperty('authorization');
  const whole = wholeBody(given);
  expect(whole).toMatchObject({ id: 'msg_01', model: message.model, usage: { prompt_tokens: 65, completion_tokens: 4 } });
  upstream.stream(start, begin, frame('ping'), text('H'), text('é'), text('!'), ...end);
  const { done, completion, recorder } = await readStream(await ask(true));
  expect(upstream.asked.body).toMatchObject({ stream: true });
  expect(done).toBe(true);
  expect([completion['id'], completion['choices'], completion['usage']]).toEqual([whole['id'], whole['choices'], whole['usage']]);
  expect(recorder.usage).toMatchObject({ tokensIn: 65, tokensCached: 60, tokensOut: 4 });
});

test.each([
  [401, { type: 'authentication_error', message: 'invalid x-api-key' }, {}],
  [429, { type: 'rate_limit_error', message: 'too many requests' }, { 'retry-after': '7' }],
  [529, { type: 'overloaded_error', message: 'Overloaded' }, {}],
  [400, { type: 'invalid_request_error', message: 'messages: too long' }, {}],
])('%i is an error in OpenAI’s shape', async (status, error, more) => {
  upstream.json({ type: 'error', error, request_id: 'req_1' }, status, more);
  const given = await ask(true);
  expect(given).toMatchObject({ status, headers: more });
  expect(wholeBody(given)).toMatchObject({ error: { message: error.message, code: error.type } });
});

test('a stream that is cut has no end mark; one that ends in an error is none', async () => {
  upstream.stream(start, begin, text('half'));
  expect(await readStream(await ask(true))).toMatchObject({ done: false });
  upstream.stream(start, begin, text('half'), end[0]!, end[1]!);
  expect(await readStream(await ask(true))).toMatchObject({ done: false });
  upstream.stream(start, text('half'), frame('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }));
  await expect(ask(true).then(readStream)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  upstream.stream(start, 'data: not json\n\n');
  await expect(ask(true).then(readStream)).rejects.toMatchObject({ code: 'upstream_invalid' });
});

test('an answer that another began is gone on from', async () => {
  upstream.stream(start, begin, text(' sat'), ...end);
  const { completion } = await readStream(await ask(true, { prefix: 'The cat ' }));
  expect((upstream.asked.body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: [{ type: 'text', text: 'The cat' }] });
  expect(completion['choices']).toMatchObject([{ message: { content: 'sat' } }]);
});

test('a caller who goes away ends the call', async () => {
  const before = upstream.closed;
  upstream.answer = (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(start + begin + text('half'));
  const signal = new CancelSignal();
  const given = await ask(true, { signal });
  if (given.form !== 'stream') throw new Error('a whole answer came');
  given.body.once('data', () => signal.abort(new StillhouseError('cancelled', 'gone')));
  await expect(Array.fromAsync(given.body)).rejects.toThrow();
  await expect.poll(() => upstream.closed).toBe(before + 1);
});
