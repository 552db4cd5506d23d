import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';

/** Where a form goes whose first target is not there: to the next one, while nothing of it has gone up. */

interface Upstream {
  server: Server;
  url: string;
  forms: FormData[];
  answer: (response: ServerResponse) => void;
}

let other: Upstream;
let gateway: GatewayProcess;
let client: OpenAI;

async function startUpstream(): Promise<Upstream> {
  const read = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
    const headers = { 'content-type': request.headers['content-type']! };
    upstream.forms.push(await new Response(Buffer.concat(chunks), { headers }).formData());
    upstream.answer(response);
  };
  const server = createServer((request, response) => void read(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: Upstream = { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, forms: [], answer: heard };
  return upstream;
}
const heard = (response: ServerResponse) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"text":"heard"}');

beforeAll(async () => {
  other = await startUpstream();
  const to = (...targets: string[]) => ({ targets: [{ target: targets[0]!, weight: 1 }], fallbacks: targets.slice(1) });
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    env: { ANTHROPIC_API_KEY: 'sk-a' },
    limits: { retries: 0, breakerFailures: 2, breakerOpenMs: 600_000 },
    providers: [
      labProvider('http://127.0.0.1:9', { id: 'gone' }),
      labProvider('http://127.0.0.1:9', { id: 'keyless', apiKeyEnv: 'NOBODY_HAS_IT' }),
      labProvider(other.url, { id: 'other' }),
      labProvider(other.url, { id: 'claude', kind: 'anthropic' }),
    ],
    aliases: {
      ears: to('gone/a-long-name-of-a-model', 'other/w'),
      'keyless-ears': to('keyless/a', 'other/w'),
      'claude-ears': to('claude/a', 'other/w'),
      'other-ears': to('other/first', 'other/w'),
    },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
});
beforeEach(() => {
  other.forms.length = 0;
  other.answer = heard;
});
afterAll(async () => {
  await gateway?.dispose();
  other?.server.close();
});

const SOUND = randomBytes(900_000);
const sound = () => toFile(SOUND, 'speech.mp3', { type: 'audio/mpeg' });
const lastAttempts = () =>
  spooledRows(gateway.home)
    .at(-1)!
    .attempts.map((one) => [one.target, one.status || one.error_class]);
async function expectWhole(form: FormData, model: string): Promise<void> {
  expect([form.getAll('model'), form.get('language')]).toEqual([[model], 'en']);
  expect(Buffer.from(await (form.get('file') as File).arrayBuffer()).equals(SOUND)).toBe(true);
}

test.each([
  ['ears', 'gone/a-long-name-of-a-model', 'upstream_unreachable'],
  ['keyless-ears', 'keyless/a', 'provider_key_missing'],
  ['claude-ears', 'claude/a', 'invalid_request'],
])('%s: the next target gets all of it, under its own name of the model', async (model, first, why) => {
  // OpenAI's client writes its file before the model; others the model first.
  const file = await sound();
  expect(await client.audio.transcriptions.create({ file, model, language: 'en' })).toMatchObject({ text: 'heard' });
  expect(lastAttempts()).toEqual([
    [first, why],
    ['other/w', 200],
  ]);
  const form = new FormData();
  form.append('model', model);
  form.append('language', 'en');
  form.append('file', file);
  const headers = { authorization: `Bearer ${ADMIN_KEY}` };
  const got = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', headers, body: form });
  expect(got.status).toBe(200);
  expect(other.forms).toHaveLength(2);
  for (const one of other.forms) await expectWhole(one, 'w');
});

test('one that fails again and again is left out', async () => {
  // Two failures have opened its breaker above.
  const file = await sound();
  expect(await client.audio.transcriptions.create({ file, model: 'ears', language: 'en' })).toMatchObject({ text: 'heard' });
  expect(lastAttempts()).toEqual([['other/w', 200]]);
  await expectWhole(other.forms[0]!, 'w');
});

test('what has gone up is not sent again', async () => {
  other.answer = (response) => void response.writeHead(503, { 'retry-after-ms': '1' }).end('{"error":{"message":"not now"}}');
  const file = await sound();
  await expect(client.audio.transcriptions.create({ file, model: 'other-ears', language: 'en' })).rejects.toMatchObject({ status: 503 });
  expect(lastAttempts()).toEqual([['other/first', 503]]);
});
