/** Keys of apps over HTTP: what they may call, how often and for how much, through a kill, and until they are revoked. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendStateVersions } from '../../store/clickhouse/state-versions.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';
import { type KeyMaker, keyMaker } from './app-keys.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;
let makeKey: KeyMaker;

/** 10 tokens in at 2.5 dollars a million and 1,000 out at 10. */
const USAGE = { prompt_tokens: 10, completion_tokens: 1000, total_tokens: 1010 };
const COST_USD = 0.010025;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream();
  // In the store as well as on the disk: the gateway reads the whole registry now and then.
  await storeAliases({ ours: 'lab/test', theirs: 'other/test' });
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url), labProvider(upstream.url, { id: 'other' })],
    aliases: { ours: { targets: [{ target: 'lab/test', weight: 1 }] }, theirs: { targets: [{ target: 'other/test', weight: 1 }] } },
  });
  makeKey = keyMaker(clickhouse.client, () => gateway.url, 2);
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
});
beforeEach(() => {
  upstream.answer = answerWith('yes', { usage: USAGE });
  upstream.asked.length = 0;
});

async function storeAliases(aliases: Record<string, string>): Promise<void> {
  const createdAt = '2026-01-01T00:00:00.000Z';
  const versions = Object.entries(aliases).map(([name, target], index) => {
    const said = { reason: '', actor: 'test', createdAt };
    const value = { name, version: 1, targets: [{ target, weight: 1 }], fallbacks: [], ...said, deleted: false };
    const place = { project: 'default', kind: 'alias' as const, key: name, version: 1, sequence: index + 1 };
    return { ...place, requestId: randomUUID(), value, ...said };
  });
  await appendStateVersions(clickhouse.client, versions);
}
const errorOf = async (answer: Response) => ({
  status: answer.status,
  ...((await answer.json()) as { error: { code: string; message: string } }).error,
});
const spentBy = async (id: string) => {
  const query = {
    query: 'SELECT count() AS calls, sum(cost_usd) AS usd FROM traces WHERE key_id = {id:String}',
    query_params: { id },
    format: 'JSONEachRow',
  } as const;
  const [row] = await (await clickhouse.client.query(query)).json<{ calls: string; usd: number }>();
  return { calls: Number(row!.calls), usd: row!.usd };
};

test('a key calls what it names, and nothing else', async () => {
  const key = await makeKey({ aliases: ['ours'] });
  expect((await key.call('ours')).status).toBe(200);
  for (const model of ['theirs', 'lab/test', 'other/test'])
    expect(await errorOf(await key.call(model))).toMatchObject({
      status: 403,
      code: 'forbidden',
      message: expect.stringContaining('it may call "ours"'),
    });
  expect(upstream.asked).toHaveLength(1);
});

test('a picture is let in by limits that its tokens fit into, and costs no more where its caller leaves', async () => {
  const key = await makeKey({ limits: { tokensPerMinute: 20_000, usdPerDay: 0.05 } });
  const url = `data:image/png;base64,${'A'.repeat(1_400_000)}`;
  const fields = { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }] };
  expect((await key.call('lab/test', fields)).status).toBe(200);
  upstream.answer = () => undefined;
  const leaving = new AbortController();
  const body = JSON.stringify({ model: 'lab/test', max_completion_tokens: 1000, ...fields });
  const call = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key.secret}` },
    body,
    signal: leaving.signal,
  });
  await until('the provider is asked', () => upstream.asked.length === 2);
  leaving.abort();
  await expect(call).rejects.toThrow();
  await until('both are on record', async () => (await spentBy(key.id)).calls === 2);
  expect((await spentBy(key.id)).usd).toBeLessThan(COST_USD + 0.01);
});

test('requests a minute: what is over the limit never reaches the provider, and is told when to come again', async () => {
  const key = await makeKey({ limits: { requestsPerMinute: 3 } });
  const answers = await Promise.all(Array.from({ length: 10 }, () => key.call()));
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 200, 200, ...Array<number>(7).fill(429)]);
  const refused = answers.find(({ status }) => status === 429)!;
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await errorOf(refused)).toMatchObject({ code: 'rate_limited', message: expect.stringContaining('3 requests a minute') });
  expect(upstream.asked).toHaveLength(3);
});

test('a budget is checked with the worst case, settled after the call, and known after a kill', async () => {
  const key = await makeKey({ limits: { usdPerDay: 2.5 * COST_USD } });
  for (let i = 0; i < 2; i++) expect((await key.call()).status).toBe(200);
  expect(await errorOf(await key.call())).toMatchObject({ status: 402, code: 'budget_exceeded' });
  // A smaller one fits, and half a cent is given back.
  upstream.answer = answerWith('yes', { usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 } });
  expect((await key.call('lab/test', { max_completion_tokens: 400 })).status).toBe(200);
  expect((await key.call('lab/test', { max_completion_tokens: 400 })).status).toBe(200);
  expect(upstream.asked).toHaveLength(4);

  await gateway.kill();
  await gateway.restart();
  expect(await errorOf(await key.call())).toMatchObject({ status: 402, code: 'budget_exceeded' });
  expect((await key.call('lab/test', { max_completion_tokens: 400 })).status).toBe(200);
  expect(upstream.asked).toHaveLength(5);
  await until('all is shipped', async () => (await spentBy(key.id)).calls === 5);
  expect((await spentBy(key.id)).usd).toBeCloseTo(2 * COST_USD + 3 * 0.000035, 9);
});

test('a call in flight holds its worst case; cut off by a kill it counts with its estimate', async () => {
  const key = await makeKey({ limits: { usdPerDay: 1.5 * COST_USD } });
  upstream.answer = () => undefined;
  const cut = key.call().catch(() => null);
  await until('it is in flight', () => upstream.asked.length === 1);
  expect(await errorOf(await key.call())).toMatchObject({ status: 402, code: 'budget_exceeded' });
  await gateway.kill();
  expect(await cut).toBeNull();
  await gateway.restart();
  upstream.answer = answerWith('yes', { usage: USAGE });
  await until('it is an interrupted trace', async () => (await spentBy(key.id)).usd > 0);
  const { usd } = await spentBy(key.id);
  // So many tokens are left beside what was estimated: a few less fit, a few more don't.
  const tokensLeft = Math.floor((1.5 * COST_USD - usd) / 0.00001) - 10;
  await until(
    'the gateway has read it',
    async () => (await key.call('lab/test', { max_completion_tokens: tokensLeft + 20 })).status === 402,
  );
  expect((await key.call('lab/test', { max_completion_tokens: tokensLeft - 20 })).status).toBe(200);
});

test('a revoked key is refused, an unknown one too', async () => {
  const key = await makeKey({});
  expect((await key.call()).status).toBe(200);
  await key.store({ revokedAt: new Date().toISOString() });
  await until('it is refused', async () => (await key.call()).status === 401);
  const asked = upstream.asked.length;
  expect(await errorOf(await key.call())).toMatchObject({ status: 401 });
  expect(upstream.asked).toHaveLength(asked);
});

test('a revoked key is refused soon though a connection to ClickHouse went dead without a word', async () => {
  const wire = await startTcpProxy(new URL(clickhouse.url).host);
  const cutOff = await startGatewayProcess({ clickhouseUrl: `http://${wire.address}`, providers: [labProvider(upstream.url)] });
  try {
    const key = await keyMaker(clickhouse.client, () => cutOff.url, 100)({});
    wire.freeze();
    await key.store({ revokedAt: new Date().toISOString() });
    // Other queries have 40 s.
    await until('it is refused', async () => (await key.call()).status === 401, 20_000);
  } finally {
    await cutOff.dispose();
    await wire.stop();
  }
});
