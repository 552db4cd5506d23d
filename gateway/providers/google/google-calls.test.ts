import { afterAll, beforeAll, expect, test } from 'vitest';
import { StillhouseError } from '../../../contracts/errors.ts';
import { google } from '../google.ts';
import { retryAfterMs } from '../../routing/retry.ts';
import { CancelSignal } from '../cancel-signal.ts';
import { readStream, Upstream, wholeBody } from '../upstream.fixture.ts';

/** Google over HTTP: what a caller gets of its answers, errors and streams. */

const upstream = new Upstream();
beforeAll(() => upstream.open(google, 'google', '/v1beta'));
afterAll(() => upstream.close());
const ask = (stream: boolean, how?: Parameters<Upstream['ask']>[2]) => upstream.ask('gemini-2.5-flash', stream, how);

const head = { modelVersion: 'gemini-2.5-flash-001', responseId: 'r1' };
const usageMetadata = {
  promptTokenCount: 70,
  cachedContentTokenCount: 60,
  candidatesTokenCount: 4,
  thoughtsTokenCount: 6,
  totalTokenCount: 80,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: 70 }],
};
// Google ends its lines as Windows does.
const frame = (data: object) => `data: ${JSON.stringify({ ...data, ...head })}\r\n\r\n`;
const text = (value: string, more: object = {}) =>
  frame({ candidates: [{ content: { parts: [{ text: value }], role: 'model' }, index: 0, ...more }], usageMetadata });
const error = (code: number, status: string, message: string) => ({ error: { code, message, status } });

test('whole and streamed answers are the same to a caller', async () => {
  const content = { parts: [{ text: 'hm', thought: true }, { text: 'Hé!' }], role: 'model' };
  upstream.json({ ...head, candidates: [{ content, finishReason: 'STOP', index: 0 }], usageMetadata });
  const given = await ask(false);
  expect(upstream.asked.url).toBe('/v1beta/models/gemini-2.5-flash:generateContent');
  expect(upstream.asked.headers['x-goog-api-key']).toBe('the-key');
  expect(upstream.asked.headers).not.toHaveProperty('authorization');
  const whole = wholeBody(given);
  expect(whole).toMatchObject({ id: 'r1', model: head.modelVersion, usage: { prompt_tokens: 70, completion_tokens: 10 } });
  const thought = frame({ candidates: [{ content: { parts: [content.parts[0]] } }], usageMetadata: { promptTokenCount: 70 } });
  upstream.stream(thought, text('H'), text('é'), text('!', { finishReason: 'STOP' }));
  const { done, completion, recorder } = await readStream(await ask(true));
  expect(upstream.asked.url).toBe('/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
  expect(done).toBe(true);
  expect([completion['id'], completion['choices'], completion['usage']]).toEqual([whole['id'], whole['choices'], whole['usage']]);
  expect(recorder.usage).toMatchObject({ tokensIn: 70, tokensCached: 60, tokensOut: 10, tokensReasoning: 6 });
});

test.each([
  [400, error(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'), {}],
  [401, error(401, 'UNAUTHENTICATED', 'no credentials'), {}],
  [429, [error(429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota')], { 'retry-after': '7' }],
  [503, error(503, 'UNAVAILABLE', 'The model is overloaded.'), {}],
])('%i is an error in OpenAI’s shape', async (status, body, more) => {
  upstream.json(body, status, more);
  const given = await ask(true);
  expect(given).toMatchObject({ status, headers: more });
  const { message, status: code } = (Array.isArray(body) ? body[0]! : body).error;
  expect(wholeBody(given)).toMatchObject({ error: { message, code } });
});

const limited = (retryDelay: unknown, more: object[] = []) => {
  const info = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay };
  return { error: { ...error(429, 'RESOURCE_EXHAUSTED', 'quota').error, details: [...more, info] } };
};
const quota = { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaValue: '15' }] };

test.each([
  ['0.25s', {}, 250],
  ['34.074824224s', {}, 34_075],
  ['2s', { 'retry-after': '7' }, 7000],
  ['soon', {}, null],
  [{ seconds: 3 }, {}, null],
])('what Google asks to wait is waited for: %j', async (delay, headers, waitMs) => {
  upstream.json(limited(delay, [quota]), 429, headers);
  for (const stream of [false, true]) expect(retryAfterMs((await ask(stream)).headers, 0)).toBe(waitMs);
});

test('a stream that is cut has no end mark; one that ends in an error is none', async () => {
  upstream.stream(text('half'));
  expect(await readStream(await ask(true))).toMatchObject({ done: false });
  upstream.stream(text('half'), frame(error(503, 'UNAVAILABLE', 'overloaded')));
  await expect(ask(true).then(readStream)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  upstream.stream(text('half'), 'data: not json\n\n');
  await expect(ask(true).then(readStream)).rejects.toMatchObject({ code: 'upstream_invalid' });
});

test('a caller who goes away ends the call', async () => {
  const before = upstream.closed;
  upstream.answer = (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text('half'));
  const signal = new CancelSignal();
  const given = await ask(true, { signal });
  if (given.form !== 'stream') throw new Error('a whole answer came');
  given.body.once('data', () => signal.abort(new StillhouseError('cancelled', 'gone')));
  await expect(Array.fromAsync(given.body)).rejects.toThrow();
  await expect.poll(() => upstream.closed).toBe(before + 1);
});
