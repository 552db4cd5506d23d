import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ProviderConfig } from '../../../contracts/configuration.ts';
import { StillhouseError } from '../../../contracts/errors.ts';
import { emptySnapshot } from '../../aliases/apply-versions.ts';
import { parseChatRequest } from '../../chat/chat-request.ts';
import { bedrock } from '../bedrock.ts';
import { CancelSignal } from '../cancel-signal.ts';
import type { Provider } from '../provider.ts';

/** What goes wrong on the way to AWS and back, with AWS's own client. */

let server: Server;
let answer: (response: ServerResponse) => void;
let headers: IncomingMessage['headers'];
let closed = 0;
const providers: Provider[] = [];

beforeAll(async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      headers = request.headers;
      response.on('close', () => (closed += response.writableFinished ? 0 : 1));
      answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all(providers.map((provider) => provider.close()));
  server?.closeAllConnections();
  server?.close();
});

function provider(extra: object = {}, secret: (name: string) => string | undefined = () => undefined): Provider {
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = ProviderConfig.parse({ kind: 'bedrock', baseUrl, allowPrivateAddress: true, ...extra });
  const made = bedrock(config, secret);
  providers.push(made);
  return made;
}

function ask(asked: Provider, stream: boolean, signal = new CancelSignal()) {
  const text = JSON.stringify({ model: 'x', messages: [{ role: 'user', content: 'Hi' }], stream });
  return asked.call({ model: 'm', request: parseChatRequest(text, undefined), snapshot: emptySnapshot('default'), signal });
}

/** A frame of AWS's event streams: lengths, their checksum, headers, body, the checksum of all. */
function event(name: string, body: object): Buffer {
  const header = (key: string, value: string) =>
    Buffer.concat([
      Buffer.from([key.length]),
      Buffer.from(key),
      Buffer.from([7, value.length >> 8, value.length & 255]),
      Buffer.from(value),
    ]);
  const fields = Buffer.concat([
    header(':message-type', 'event'),
    header(':event-type', name),
    header(':content-type', 'application/json'),
  ]);
  const payload = Buffer.from(JSON.stringify(body));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(fields.length + payload.length + 16, 0);
  prelude.writeUInt32BE(fields.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc32(Buffer.concat([prelude, fields, payload])), 0);
  return Buffer.concat([prelude, fields, payload, end]);
}

const EVENT_STREAM = { 'content-type': 'application/vnd.amazon.eventstream' };
const half = event('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'half' } });
const WHOLE = { output: { message: { role: 'assistant', content: [{ text: 'ok' }] } }, stopReason: 'end_turn', usage: {} };
const json = (body: object, status = 200, more: Record<string, string> = {}) => {
  answer = (response) => void response.writeHead(status, { 'content-type': 'application/json', ...more }).end(JSON.stringify(body));
};

/** A stream that has sent half of its text and then waits. */
async function waitingStream(signal: CancelSignal) {
  answer = (response) => void response.writeHead(200, EVENT_STREAM).write(half);
  const given = await ask(provider(), true, signal);
  if (given.form !== 'stream') throw new Error('a whole answer came');
  const chunks = given.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  expect((await chunks.next()).value.toString()).toContain('half');
  const next = chunks.next();
  next.catch(() => undefined);
  // The client is now in the middle of a read.
  await delay(20);
  return { body: given.body, next };
}

test('a call that is ended while its stream is waited for ends at once', async () => {
  const before = closed;
  const signal = new CancelSignal();
  const { next } = await waitingStream(signal);
  signal.abort(new StillhouseError('upstream_timeout', 'no token'));
  await expect(next).rejects.toThrow();
  await expect.poll(() => closed).toBe(before + 1);
});

test('a stream that is destroyed while it is waited for closes its connection', async () => {
  const before = closed;
  const { body } = await waitingStream(new CancelSignal());
  body.on('error', () => undefined);
  body.destroy();
  await expect.poll(() => closed).toBe(before + 1);
});

test('time-outs of the configuration hold', async () => {
  answer = () => undefined;
  const timeouts = { firstByteMs: 50 };
  await expect(ask(provider({ timeouts }), false)).rejects.toMatchObject({ code: 'upstream_timeout' });
  await expect(ask(provider({ timeouts }), true)).rejects.toMatchObject({ code: 'upstream_timeout' });
});

test('a connection that is refused or cut is an error of its own', async () => {
  await expect(ask(provider({ baseUrl: 'http://127.0.0.1:9' }), false)).rejects.toMatchObject({ code: 'upstream_unreachable' });
  answer = (response) => void response.destroy();
  await expect(ask(provider(), false)).rejects.toMatchObject({ code: 'upstream_reset' });
  answer = (response) => {
    response.writeHead(200, EVENT_STREAM).write(half);
    setTimeout(() => response.destroy(), 20);
  };
  const given = await ask(provider(), true);
  if (given.form !== 'stream') throw new Error('a whole answer came');
  await expect(Array.fromAsync(given.body)).rejects.toMatchObject({ code: 'upstream_reset' });
});

test('a redirect is not followed, and garbage is no answer', async () => {
  json({}, 307, { location: 'http://169.254.169.254/' });
  await expect(ask(provider(), false)).rejects.toMatchObject({ code: 'upstream_invalid' });
  answer = (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
  await expect(ask(provider(), false)).rejects.toMatchObject({ code: 'upstream_invalid' });
  json({ output: {} });
  await expect(ask(provider(), false)).rejects.toMatchObject({ code: 'upstream_invalid' });
  answer = (response) => void response.writeHead(200, EVENT_STREAM).end('garbage that is no frame');
  await expect(ask(provider(), true)).rejects.toMatchObject({ code: 'upstream_invalid' });
  answer = (response) => void response.writeHead(200, EVENT_STREAM).end(Buffer.concat([half, Buffer.from('garbage')]));
  const given = await ask(provider(), true);
  if (given.form !== 'stream') throw new Error('a whole answer came');
  await expect(Array.fromAsync(given.body)).rejects.toMatchObject({ code: 'upstream_invalid' });
});

test('a name that resolves to a private address is refused', async () => {
  const named = provider({ baseUrl: `http://localhost:${(server.address() as AddressInfo).port}`, allowPrivateAddress: false });
  await expect(ask(named, false)).rejects.toMatchObject({
    code: 'upstream_unreachable',
    message: expect.stringContaining('private address'),
  });
});

test('without keys of AWS’s it says which are missing', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', undefined);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent');
  try {
    await expect(ask(provider(), false)).rejects.toMatchObject({
      code: 'provider_key_missing',
      message: expect.stringContaining('AWS_ACCESS_KEY_ID'),
    });
  } finally {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  }
});

test('one of Bedrock’s own API keys goes as a bearer token; without it the variable is named', async () => {
  json(WHOLE, 200, { 'x-amzn-requestid': 'r1' });
  const given = await ask(
    provider({ apiKeyEnv: 'BEDROCK_KEY' }, () => 'bedrock-api-key'),
    false,
  );
  expect(headers.authorization).toBe('Bearer bedrock-api-key');
  expect(given.headers['x-request-id']).toBe('r1');
  await expect(ask(provider({ apiKeyEnv: 'BEDROCK_KEY' }), false)).rejects.toMatchObject({
    code: 'provider_key_missing',
    message: expect.stringContaining('BEDROCK_KEY'),
  });
});

test.each([
  [{}, 'us-east-1'],
  [{ region: 'eu-west-3' }, 'eu-west-3'],
])('%j: signed for %s, asked once', async (extra, region) => {
  json({ message: 'slow down' }, 429, { 'x-amzn-errortype': 'ThrottlingException', 'retry-after': '3' });
  let times = 0;
  const once = answer;
  answer = (response) => {
    times++;
    once(response);
  };
  const given = await ask(provider(extra), false);
  expect(given).toMatchObject({ form: 'whole', status: 429, headers: { 'retry-after': '3' } });
  expect(headers.authorization).toContain(`/${region}/bedrock/aws4_request`);
  expect(times).toBe(1);
});
