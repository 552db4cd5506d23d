/** Keys of apps over HTTP: what they may call, how often and for how much, through a kill, and until they are revoked. */
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ApiKey, type KeyInput } from '../../contracts/keys.ts';
import { newKey } from '../../gateway/keys/new-key.ts';
import { appendStateVersions } from '../../store/clickhouse/state-versions.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;
// The snapshot on the disk is the first.
let sequence = 1;

/** 10 tokens in at 2.5 dollars a million and 1,000 out at 10. */
const USAGE = { prompt_tokens: 10, completion_tokens: 1000, total_tokens: 1010 };
const COST_USD = 0.010025;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url), labProvider(upstream.url, { id: 'other' })],
    aliases: { ours: { targets: [{ target: 'lab/test', weight: 1 }] }, theirs: { targets: [{ target: 'other/test', weight: 1 }] } },
  });
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

interface Made {
  id: string;
  call: (model?: string, fields?: object) => Promise<Response>;
  /** Stores another version of it, as the registry does. */
  store: (changes: Partial<ApiKey>) => Promise<void>;
}

/** A key as the registry would have stored it, once the gateway follows. */
async function makeKey(input: Partial<Omit<KeyInput, 'limits'>> & { limits?: Partial<KeyInput['limits']> }): Promise<Made> {
  const { id, secret, hash, hint } = newKey();
  const limits = { requestsPerMinute: null, tokensPerMinute: null, usdPerDay: null, usdPerMonth: null, ...input.limits };
  const base = {
    project: 'default',
    name: 'app',
    aliases: [],
    models: [],
    actor: 'test',
    createdAt: new Date().toISOString(),
    revokedAt: null,
    expiresAt: null,
  };
  let version = 0;
  const store = async (changes: Partial<ApiKey>) => {
    const value = ApiKey.parse({ ...base, ...input, id, hash, hint, limits, version: ++version, ...changes });
    const place = { project: 'default', kind: 'key' as const, key: id, version, sequence: ++sequence };
    await appendStateVersions(clickhouse.client, [
      { ...place, requestId: randomUUID(), value, reason: '', actor: 'test', createdAt: base.createdAt },
    ]);
  };
  const send = (path: string, init: RequestInit = {}) =>
    fetch(`${gateway.url}${path}`, { ...init, headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' } });
  await store({});
  await until('the gateway knows the key', async () => (await send('/v1/models')).status === 200);
  expect(createHash('sha256').update(secret).digest('hex')).toBe(hash);
  const call = (model = 'lab/test', fields: object = {}) => {
    const body = { model, messages: [{ role: 'user', content: 'Hello' }], max_completion_tokens: 1000, ...fields };
    return send('/v1/chat/completions', { method: 'POST', body: JSON.stringify(body) });
  };
  return { id, call, store };
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
