import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProviderConfig } from '../../../contracts/configuration.ts';
import { StillhouseError } from '../../../contracts/errors.ts';
import { emptySnapshot } from '../../aliases/apply-versions.ts';
import { parseChatRequest } from '../../chat/chat-request.ts';
import { framesOf } from '../../chat/stream-frames.ts';
import { StreamRecorder } from '../../chat/stream-recorder.ts';
import { CancelSignal } from '../cancel-signal.ts';
import { cohere } from '../cohere.ts';
import type { Provider, ProviderAnswer } from '../provider.ts';

/** Cohere over HTTP: what a caller gets of its answers, errors and streams. */

let server: Server;
let provider: Provider;
let answer: (response: ServerResponse) => void;
let headers: IncomingMessage['headers'];
let closed = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      headers = request.headers;
      response.on('close', () => (closed += response.writableFinished ? 0 : 1));
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
  provider = cohere(ProviderConfig.parse({ kind: 'cohere', baseUrl, allowPrivateAddress: true }), () => 'co-key');
});
afterAll(async () => {
  await provider?.close();
  server?.closeAllConnections();
  server?.close();
});

function ask(stream: boolean, signal = new CancelSignal()): Promise<ProviderAnswer> {
  const text = JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], stream });
  return provider.call({ model: 'command-x', request: parseChatRequest(text, undefined), snapshot: emptySnapshot('default'), signal });
}

const json = (body: object, status = 200, more: Record<string, string> = {}) => {
  answer = (response) => void response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
};
const frame = (type: string, rest: object = {}) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
const text = (value: string) => frame('content-delta', { index: 0, delta: { message: { content: { text: value } } } });
const sse = (...frames: string[]) => {
  answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const one of frames) response.write(one);
    response.end();
  };
};

async function read() {
  const given = await ask(true);
  if (given.form !== 'stream') throw new Error('a whole answer came');
  const bytes = Buffer.concat((await Array.fromAsync(given.body)) as Buffer[]);
  const recorder = new StreamRecorder();
  const frames = framesOf(bytes.toString());
  for (const { data, isDone } of frames) if (data !== '' && !isDone) recorder.take(JSON.parse(data) as object);
  return { done: frames.some(({ isDone }) => isDone), completion: JSON.parse(recorder.completion()) as Record<string, unknown>, recorder };
}

const usage = { billed_units: { input_tokens: 5, output_tokens: 2 }, tokens: { input_tokens: 70, output_tokens: 2 } };

test('whole and streamed answers are the same to a caller', async () => {
  json({ id: 'c1', message: { role: 'assistant', content: [{ type: 'text', text: 'Hé!' }] }, finish_reason: 'COMPLETE', usage });
  const given = await ask(false);
  if (given.form !== 'whole') throw new Error('a stream came');
  expect(headers.authorization).toBe('Bearer co-key');
  const whole = JSON.parse(given.text) as Record<string, unknown>;
  expect(whole).toMatchObject({ id: 'c1', model: 'command-x', usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } });
  const end = frame('message-end', { delta: { finish_reason: 'COMPLETE', usage } });
  sse(frame('message-start', { id: 'c1' }), text('H'), text('é'), text('!'), frame('content-end', { index: 0 }), end);
  const { done, completion, recorder } = await read();
  expect(done).toBe(true);
  expect([completion['id'], completion['choices'], completion['usage']]).toEqual([whole['id'], whole['choices'], whole['usage']]);
  expect(recorder.usage).toMatchObject({ tokensIn: 5, tokensOut: 2 });
});

test.each([
  [401, { message: 'invalid api token' }, {}],
  [429, { id: 'x', message: 'too many requests' }, { 'retry-after': '7' }],
  [400, { message: 'invalid request: no such model' }, {}],
])('%i is an error in OpenAI’s shape', async (status, body, more) => {
  json(body, status, more);
  const given = await ask(true);
  if (given.form !== 'whole') throw new Error('a stream came');
  expect(given).toMatchObject({ status, headers: more });
  expect(JSON.parse(given.text)).toMatchObject({ error: { message: body.message } });
});

test('a stream that is cut has no end mark; one that ends in an error is none', async () => {
  sse(frame('message-start', { id: 'c1' }), text('half'));
  expect(await read()).toMatchObject({ done: false });
  sse(text('half'), frame('message-end', { delta: { finish_reason: 'ERROR', error: 'no capacity' } }));
  await expect(read()).rejects.toMatchObject({ code: 'upstream_invalid', message: expect.stringContaining('no capacity') });
});

test('a caller who goes away ends the call', async () => {
  const before = closed;
  answer = (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(text('half'));
  const signal = new CancelSignal();
  const given = await ask(true, signal);
  if (given.form !== 'stream') throw new Error('a whole answer came');
  given.body.once('data', () => signal.abort(new StillhouseError('cancelled', 'gone')));
  await expect(Array.fromAsync(given.body)).rejects.toThrow();
  await expect.poll(() => closed).toBe(before + 1);
});
