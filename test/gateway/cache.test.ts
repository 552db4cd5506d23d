import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import { writeSnapshot } from '../../gateway/aliases/snapshot-file.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

let upstream: TestUpstream;
let gateway: GatewayProcess;
const target = [{ target: 'lab/test', weight: 1 }];
const body = (content: string, extra: object = {}) => ({ model: 'kept', messages: [{ role: 'user', content }], ...extra });
const cacheOf = (answer: Response) => answer.headers.get(HEADERS.cache);

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [labProvider(upstream.url)],
    aliases: { kept: { targets: target, cache: { ttlSeconds: 600 } }, plain: { targets: target } },
  });
});
beforeEach(() => {
  upstream.asked.length = 0;
  upstream.answer = answerWith('four');
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

test('the very same request is answered again, free, traced, and through a kill -9; any other is not', async () => {
  const first = await gateway.post(body('same'));
  expect(cacheOf(first)).toBe('miss');
  const text = await first.text();
  await gateway.kill();
  await gateway.restart();
  const second = await gateway.post(body('same'));
  expect([cacheOf(second), second.headers.get(HEADERS.costUsd), await second.text()]).toEqual(['hit', '0', text]);
  expect(second.headers.get(HEADERS.traceId)).not.toBe(first.headers.get(HEADERS.traceId));
  const row = spooledRows(gateway.home).find(({ id }) => id === second.headers.get(HEADERS.traceId))!;
  expect(row).toMatchObject({ status: 'ok', cost_usd: 0, tokens_in: 0, attempts: [], answer_text: 'four', finish_reason: 'stop' });
  expect(JSON.parse(row.router_decision!)).toEqual({
    by: 'cache',
    of: first.headers.get(HEADERS.traceId),
    targets: [{ target: 'lab/test' }],
  });
  expect(cacheOf(await gateway.post(body('same', { temperature: 0 })))).toBe('miss');
  expect(upstream.asked).toHaveLength(2);
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(
    /stillhouse_cache_hits_total 1\n[^]*stillhouse_cache_misses_total 1\n/,
  );
});

test('a hit does not say how much of its limits the first caller had left', async () => {
  const ratelimits = (answer: Response) => [...answer.headers.keys()].filter((name) => name.startsWith('x-ratelimit-'));
  upstream.answer = (asked, response) => {
    response.setHeader('x-ratelimit-remaining-requests', '3');
    return answerWith('four')(asked, response);
  };
  const first = await gateway.post(body('limited'));
  const second = await gateway.post(body('limited'));
  expect([cacheOf(first), ratelimits(first)]).toEqual(['miss', ['x-ratelimit-remaining-requests']]);
  expect([cacheOf(second), ratelimits(second), await second.text()]).toEqual(['hit', [], await first.text()]);
});

test('an alias without a cache, and a target, are called each time', async () => {
  for (const model of ['plain', 'plain', 'lab/test', 'lab/test']) expect(cacheOf(await gateway.post(body('x', { model })))).toBeNull();
  expect(upstream.asked).toHaveLength(4);
});

test('a stream is answered as a stream, frame for frame', async () => {
  upstream.answer = (_asked, response) =>
    void response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end([chunkFrame({ content: 'Ünd' }), chunkFrame({}, 'stop'), 'data: [DONE]\n\n'].join(''));
  const first = await (await gateway.post(body('stream', { stream: true }))).text();
  const second = await gateway.post(body('stream', { stream: true }));
  expect([cacheOf(second), second.headers.get('content-type'), await second.text()]).toEqual(['hit', 'text/event-stream', first]);
  expect(first).toContain('[DONE]');
  expect(upstream.asked).toHaveLength(1);
});

const choice = (finish: string, message: object = { role: 'assistant', content: 'x' }) => ({ choices: [{ index: 0, message, finish_reason: finish }] }); // prettier-ignore
test.each<[string, TestUpstream['answer'], object]>([
  ['cut by its length', answerWith('', choice('length')), {}],
  ['filtered', answerWith('', choice('content_filter')), {}],
  ['refused', answerWith('', choice('stop', { role: 'assistant', content: null, refusal: 'No.' })), {}],
  ['an error', (_asked, response) => void response.writeHead(400, { 'content-type': 'application/json' }).end('{}'), {}],
  [
    'a stream that broke off',
    (_asked, response) =>
      void response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .write(chunkFrame({ content: 'half' }), () => setImmediate(() => response.socket!.destroy())),
    { stream: true },
  ],
  [
    'a stream with a refusal',
    (_asked, response) =>
      void response
        .writeHead(200, { 'content-type': 'text/event-stream' })
        .end([chunkFrame({ refusal: 'No.' }), chunkFrame({}, 'stop'), 'data: [DONE]\n\n'].join('')),
    { stream: true },
  ],
])('never kept: %s', async (name, answer, extra) => {
  upstream.answer = answer;
  for (let i = 0; i < 2; i++) {
    const got = await gateway.post(body(name, extra));
    await got.text();
    expect(cacheOf(got)).toBe('miss');
  }
  expect(upstream.asked).toHaveLength(2);
});

test('cache-control: no-cache asks anew and keeps, no-store neither asks the cache nor keeps', async () => {
  const ask = async (control?: string) => {
    const got = await gateway.post(body('control'), control ? { 'cache-control': control } : {});
    return `${cacheOf(got)} ${/"content":"([^"]*)"/.exec(await got.text())![1]}`;
  };
  upstream.answer = answerWith('one');
  expect(await ask('no-store')).toBe('miss one');
  upstream.answer = answerWith('two');
  expect(await ask()).toBe('miss two');
  upstream.answer = answerWith('three');
  expect(await ask('no-store')).toBe('miss three');
  expect(await ask()).toBe('hit two');
  expect(await ask('no-cache')).toBe('miss three');
  expect(await ask()).toBe('hit three');
});

test('what was altered on the disk is a miss', async () => {
  await gateway.post(body('altered'));
  const folder = join(gateway.home, 'cache', 'answers');
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), 'utf8');
    writeFileSync(join(folder, name), text.slice(0, -3) + (text.endsWith('AAA') ? 'BBB' : 'AAA'));
  }
  const again = await gateway.post(body('altered'));
  expect([again.status, cacheOf(again)]).toEqual([200, 'miss']);
  expect(cacheOf(await gateway.post(body('altered')))).toBe('hit');
});

test("another project's alias of the same name has answers of its own, and the same idempotency key is another there", async () => {
  const { aliases } = JSON.parse(readFileSync(join(gateway.home, 'snapshots', 'default.json'), 'utf8')) as { aliases: object };
  writeSnapshot(join(gateway.home, 'snapshots'), { ...emptySnapshot('other'), sequence: 1, aliases: aliases as never });
  await gateway.kill();
  await gateway.restart();
  const ask = (project: string) =>
    gateway.post(body('projects'), {
      'x-stillhouse-project': project,
      'idempotency-key': 'projects',
      authorization: `Bearer ${ADMIN_KEY}`,
    });
  for (const project of ['default', 'other']) {
    const got = await ask(project);
    expect([got.status, cacheOf(got), got.headers.get(HEADERS.idempotentReplay)]).toEqual([200, 'miss', null]);
  }
  expect(upstream.asked).toHaveLength(2);
});
