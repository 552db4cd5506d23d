/** What a gateway keeps of answers, for keys, for aliases with a cache and for conversations, goes with the traces that are forgotten. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { findForgotten, noteForgotten } from '../../store/clickhouse/forget.ts';
import { getTrace } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream(answerWith('four'));
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url)],
    aliases: { kept: { targets: [{ target: 'lab/test', weight: 1 }], cache: { ttlSeconds: 600 } } },
  });
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
});

const traceOf = (answer: Response) => answer.headers.get(HEADERS.traceId)!;
const cached = (content: string) => gateway.post({ model: 'kept', messages: [{ role: 'user', content }] });
const keyed = (key: string) => gateway.post({ model: 'lab/test', messages: [{ role: 'user', content: key }] }, { 'idempotency-key': key });
const forget = (...ids: string[]) => noteForgotten(clickhouse.client, 'default', { ids }, new Date().toISOString());
const keptIn = (purpose: 'cache' | 'idempotency') =>
  ['answers', 'traces'].map((folder) => readdirSync(join(gateway.home, purpose, folder)).length);

test('they are deleted while the gateway runs, and at the next start of one that was killed; the others stay', async () => {
  const [first, second] = [await cached('first'), await cached('second')];
  const keys = [await keyed('one'), await keyed('two')];
  expect([keptIn('cache'), keptIn('idempotency')]).toEqual([
    [2, 2],
    [2, 2],
  ]);
  await forget(traceOf(first), traceOf(keys[0]!));
  await until('the answers are gone', () => [...keptIn('cache'), ...keptIn('idempotency')].every((left) => left === 1));
  const replayed = await keyed('two');
  expect([replayed.headers.get(HEADERS.idempotentReplay), traceOf(replayed)]).toEqual(['true', traceOf(keys[1]!)]);

  await gateway.kill();
  await forget(traceOf(second), traceOf(keys[1]!));
  await gateway.restart();
  await until('those are gone, too', () => [...keptIn('cache'), ...keptIn('idempotency')].every((left) => left === 0));
  expect((await cached('second')).headers.get(HEADERS.cache)).toBe('miss');
  expect((await keyed('two')).headers.get(HEADERS.idempotentReplay)).toBeNull();
});

test('of a call that the cache answered the answer goes, too, though it was kept for another call; that one stays', async () => {
  const before = keptIn('cache');
  const [first, hit] = [await cached('shared'), await cached('shared')];
  const other = await cached('of nobody');
  expect([first, hit, other].map((answer) => answer.headers.get(HEADERS.cache))).toEqual(['miss', 'hit', 'miss']);
  const stored = (answer: Response) => getTrace(clickhouse.client, 'default', traceOf(answer));
  await until('both are stored', async () => (await stored(first)) !== null && (await stored(hit)) !== null);
  await forget(traceOf(hit));
  await findForgotten(clickhouse.client, 'default');
  await until('the answer is gone', () => keptIn('cache').every((left, i) => left === before[i]! + 1));
  expect((await stored(first))?.id).toBe(traceOf(first));
  expect(await stored(hit)).toBeNull();
  expect((await cached('of nobody')).headers.get(HEADERS.cache)).toBe('hit');
  expect((await cached('shared')).headers.get(HEADERS.cache)).toBe('miss');
});

test('no conversation goes on from a response that was forgotten, though the gateway has just given it', async () => {
  const respond = async (input: string, previous?: string) => {
    const body = { model: 'lab/test', input, ...(previous ? { previous_response_id: previous } : {}) };
    const answer = await gateway.post(body, {}, '/v1/responses');
    return { status: answer.status, trace: traceOf(answer), id: ((await answer.json()) as { id: string }).id };
  };
  const [first, other] = [await respond('My name is Ada'), await respond('My name is Bob')];
  expect((await respond('Again?', first.id)).status).toBe(200);
  await forget(first.trace);
  await until('it is gone', async () => (await respond('Again?', first.id)).status === 404);
  expect((await respond('Again?', other.id)).status).toBe(200);
});
