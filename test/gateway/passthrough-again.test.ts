import OpenAI from 'openai';
import { expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { until } from '../support/until.ts';
import { ADMIN_KEY } from './gateway-process.ts';
import { failed, PICTURE, SOUND } from './openai-upstream.ts';
import { AT_LAB, jsonl, passthroughStack, sound } from './passthrough-stack.ts';

/** What is sent again, and what never is. */

const stack = passthroughStack({ limits: { retries: 2, retryBaseMs: 1, retryMaxMs: 2_000, breakerFailures: 1_000 } });

const keyed = (path: string, body: object, key: string, headers: Record<string, string> = {}) =>
  fetch(`${stack.gateway.url}/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', 'idempotency-key': key, ...headers },
    body: JSON.stringify(body),
  });
const isReplay = (answer: Response) => answer.headers.get(HEADERS.idempotentReplay) === 'true';
/** Fails so many times, then answers. */
function failing(times: number, status: number, headers: Record<string, string> = {}): void {
  stack.lab.instead = (request, response) => {
    if (request.url!.startsWith('/v1/files') || times-- <= 0) return false;
    failed(response, status, 'not now', headers);
    return true;
  };
}
const askedFor = (path: string) => stack.lab.asked.filter((asked) => asked === `POST /v1${path}`).length;

test('Idempotency-Key: what was refused is free again; a caller who leaves finds the answer later', async () => {
  failing(9, 400);
  expect((await keyed('/moderations', { input: 'a' }, 'refused', AT_LAB.headers)).status).toBe(400);
  stack.lab.instead = () => false;
  const again = await keyed('/moderations', { input: 'a' }, 'refused', AT_LAB.headers);
  expect([again.status, isReplay(again)]).toEqual([200, false]);
  let answer = () => {};
  stack.lab.instead = (_request, response) => {
    answer = () => response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"modr-late"}');
    return true;
  };
  const leaving = new AbortController();
  const headers = {
    authorization: `Bearer ${ADMIN_KEY}`,
    'content-type': 'application/json',
    'idempotency-key': 'late',
    ...AT_LAB.headers,
  };
  const left = fetch(`${stack.gateway.url}/v1/moderations`, { method: 'POST', headers, body: '{"input":"b"}', signal: leaving.signal });
  await until('it is asked', () => askedFor('/moderations') === 3);
  leaving.abort();
  await expect(left).rejects.toThrow();
  expect((await keyed('/moderations', { input: 'b' }, 'late', AT_LAB.headers)).status).toBe(409);
  answer();
  const late = await until('the answer is kept', async () => {
    const found = await fetch(`${stack.gateway.url}/v1/moderations`, { method: 'POST', headers, body: '{"input":"b"}' });
    return found.status === 200 && found;
  });
  expect([isReplay(late), await late.text(), askedFor('/moderations')]).toEqual([true, '{"id":"modr-late"}', 3]);
});

test('JSON is sent again after a 429, a 5xx and a cut, as chat is; a long wait is the caller’s', async () => {
  failing(2, 429, { 'retry-after-ms': '3' });
  await stack.admin.moderations.create({ input: 'x' }, AT_LAB);
  expect(askedFor('/moderations')).toBe(3);
  failing(2, 500);
  await stack.admin.images.generate({ model: 'lab/gpt-image-1', prompt: 'x' });
  expect(askedFor('/images/generations')).toBe(3);
  failing(9, 429, { 'retry-after': '60' });
  await expect(stack.admin.moderations.create({ input: 'x' }, AT_LAB)).rejects.toMatchObject({ status: 429 });
  expect(askedFor('/moderations')).toBe(4);
  expect((await stack.traceOf('images', `status = 'ok'`)).attempts.map(({ status }) => status)).toEqual([500, 500, 200]);
});

test('a batch is made once: sent again where the provider turned it away, never where it may have made one', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  const make = () => stack.admin.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });
  failing(1, 503, { 'retry-after-ms': '1' });
  await make();
  expect(askedFor('/batches')).toBe(2);
  failing(1, 429);
  await make();
  expect(askedFor('/batches')).toBe(4);
  for (const status of [500, 503]) {
    failing(1, status);
    await expect(make()).rejects.toMatchObject({ status });
  }
  stack.lab.instead = (request) => request.url === '/v1/batches' && (request.socket.destroy(), true);
  await expect(make()).rejects.toMatchObject({ status: 502 });
  expect(askedFor('/batches')).toBe(7);
  expect((await stack.admin.batches.list()).data).toHaveLength(2);
});

test('a form is sent once', async () => {
  failing(1, 503, { 'retry-after-ms': '1' });
  await expect(stack.admin.audio.transcriptions.create({ file: await sound(), model: 'ears' })).rejects.toBeInstanceOf(OpenAI.APIError);
  expect(askedFor('/audio/transcriptions')).toBe(1);
});

test('Idempotency-Key: pictures, sound, moderations and batches once, the very bytes again, after a kill -9 too', async () => {
  const file = await stack.admin.files.create({ file: await jsonl(), purpose: 'batch' }, AT_LAB);
  const calls: [string, object, string][] = [
    ['/images/generations', { model: 'lab/gpt-image-1', prompt: 'a still' }, PICTURE],
    ['/audio/speech', { model: 'voice', input: 'Hello', voice: 'alloy' }, SOUND.toString('base64')],
    ['/moderations', { input: 'Hello' }, 'modr-1'],
    ['/batches', { input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }, 'lab-batch'],
  ];
  const firsts: Buffer[] = [];
  for (const [path, body] of calls) {
    const first = await keyed(path, body, path, AT_LAB.headers);
    expect([first.status, isReplay(first)]).toEqual([200, false]);
    firsts.push(Buffer.from(await first.arrayBuffer()));
  }
  await stack.gateway.kill();
  await stack.gateway.restart();
  for (const [index, [path, body, part]] of calls.entries()) {
    const second = await keyed(path, body, path, AT_LAB.headers);
    expect([path, second.status, isReplay(second)]).toEqual([path, 200, true]);
    const bytes = Buffer.from(await second.arrayBuffer());
    expect(bytes.equals(firsts[index]!)).toBe(true);
    expect(bytes.toString().includes(part) || bytes.toString('base64').includes(part)).toBe(true);
    expect(askedFor(path)).toBe(1);
    const other = await keyed(path, { ...body, user: 'x' }, path, AT_LAB.headers);
    expect(other.status).toBe(422);
  }
});
