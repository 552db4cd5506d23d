import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { appendStateVersions } from '../../store/clickhouse/state-versions.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { type KeyMaker, keyMaker } from './app-keys.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

/** The tier that served a call has its price, and what has no price counts in budgets all the same. */

let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;
let makeKey: KeyMaker;
const messages = [{ role: 'user', content: 'Hello' }];

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream();
  const both = { targets: [{ target: 'slow/test', weight: 1 }], fallbacks: ['lab/test'] };
  // In the store as well as on the disk: the gateway reads the whole registry now and then.
  await storeAlias('both', both);
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    limits: { retries: 0 },
    env: { OPENAI_API_KEY: 'sk-test' },
    providers: [
      labProvider(upstream.url, {
        id: 'openai',
        kind: 'openai',
        models: [
          {
            id: 'own',
            inputUsdPerMTok: 1,
            outputUsdPerMTok: 2,
            serviceTiers: {
              priority: { inputUsdPerMTok: 30, outputUsdPerMTok: 40 },
              flex: { inputUsdPerMTok: 0.25, outputUsdPerMTok: 0.5 },
            },
          },
        ],
      }),
      labProvider(upstream.url, { id: 'slow', timeouts: { firstByteMs: 200 } }),
      labProvider(upstream.url, { id: 'lab', serviceTierShares: { priority: 2 } }),
    ],
    aliases: { both },
  });
  makeKey = keyMaker(clickhouse.client, () => gateway.url);
}, 120_000);
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
});

async function storeAlias(name: string, aimed: { targets: object[]; fallbacks: string[] }): Promise<void> {
  const said = { reason: '', actor: 'test', createdAt: '2026-01-01T00:00:00.000Z' };
  const value = { name, version: 1, ...aimed, ...said, deleted: false };
  const place = { project: 'default', kind: 'alias' as const, key: name, version: 1, sequence: 1 };
  await appendStateVersions(clickhouse.client, [{ ...place, requestId: randomUUID(), value, ...said }]);
}
const traceOf = (answer: Response) =>
  until('its trace', async () => {
    const query = `SELECT * FROM traces WHERE id = '${answer.headers.get(HEADERS.traceId)}'`;
    return (await (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json<TraceRow>())[0];
  });
const served =
  (extra: object): TestUpstream['answer'] =>
  (asked, response) => {
    if (asked.body['stream'] !== true) return answerWith('four', extra)(asked, response);
    const { usage, ...head } = { usage: USAGE, ...extra };
    const chunk = (choices: object[], more: object = {}) =>
      `data: ${JSON.stringify({ id: 'c', model: 'm', choices, ...head, ...more })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunk([{ index: 0, delta: { content: 'four' }, finish_reason: 'stop' }]));
    response.end(`${chunk([], { usage })}data: [DONE]\n\n`);
  };
async function cost(model: string, tier: string | null, stream = false) {
  upstream.answer = served(tier === null ? {} : { service_tier: tier });
  const answer = await gateway.post({ model, messages, stream });
  await answer.text();
  const row = await traceOf(answer);
  return { usd: row.cost_usd, estimated: row.cost_estimated_usd ?? null, split: row.cost_input_usd };
}
const of = (input: number, output: number) => (10 * input + 4 * output) / 1e6;

test.each([false, true])('the tier that the answer names is the one that is paid (streamed: %s)', async (stream) => {
  // By name and by nothing: the default one.
  for (const tier of [null, 'default', 'auto', 'scale'])
    expect((await cost('openai/gpt-4o', tier, stream)).usd).toBeCloseTo(of(2.5, 10), 12);
  const flex = await cost('openai/gpt-4o', 'flex', stream);
  expect(flex.usd).toBeCloseTo(of(1.25, 5), 12);
  expect(flex.split).toBeCloseTo(10 * 1.25e-6, 12);
  expect((await cost('openai/own', 'flex', stream)).usd).toBeCloseTo(of(0.25, 0.5), 12);
  expect((await cost('openai/own', 'priority', stream)).usd).toBeCloseTo(of(30, 40), 12);
  expect((await cost('lab/test', 'priority', stream)).usd).toBeCloseTo(of(5, 20), 12);
  // Nothing is known of a discount there.
  expect((await cost('lab/test', 'flex', stream)).usd).toBeCloseTo(of(2.5, 10), 12);
});

test.each([false, true])(
  'a tier without a price is unpriced, and counts in budgets as the dearest that is known (streamed: %s)',
  async (stream) => {
    const priority = await cost('openai/gpt-4o', 'priority', stream);
    expect(priority.usd).toBeNull();
    expect(priority.estimated).toBeCloseTo(2.5 * of(2.5, 10), 12);
    expect((await cost('openai/gpt-4o', 'unheard-of', stream)).estimated).toBeCloseTo(6 * of(2.5, 10), 12);
    expect(await cost('openai/nobody-knows-it', 'priority', stream)).toMatchObject({ usd: null, estimated: null });
  },
);

test('a whole answer that does not say what it used is unpriced, and counts by its letters', async () => {
  upstream.answer = answerWith('x'.repeat(4000), { usage: undefined });
  const answer = await gateway.post({ model: 'lab/test', messages });
  const row = await traceOf(answer);
  expect(row.cost_usd).toBeNull();
  // A thousand tokens of the answer, and a few of the prompt.
  expect(row.cost_estimated_usd).toBeGreaterThan(0.01);
  expect(row.cost_estimated_usd).toBeLessThan(0.0102);
  const shown = await fetch(`${gateway.url}/api/traces/${row.id}`, { headers: { authorization: 'Bearer sk-test-admin' } });
  expect(await shown.json()).toMatchObject({ costUsd: null, costEstimatedUsd: row.cost_estimated_usd });
});

test('a call of which nobody knows whether it is charged counts as one that a crash cuts off', async () => {
  upstream.answer = () => undefined;
  const answer = await gateway.post({ model: 'slow/test', messages, max_completion_tokens: 100 });
  expect(answer.status).toBe(504);
  const row = await traceOf(answer);
  expect(row).toMatchObject({ status: 'error', error_class: 'upstream_timeout', cost_usd: null });
  // A hundred tokens of an answer, and a few of the prompt.
  expect(row.cost_estimated_usd).toBeGreaterThan(0.001);
  expect(row.cost_estimated_usd).toBeLessThan(0.0012);
});

test('what an attempt without an answer may charge counts in budgets beside what the answer cost, through a restart', async () => {
  const key = await makeKey({ limits: { usdPerDay: 0.004 } });
  let asked = 0;
  upstream.answer = (...call) => (asked++ === 0 ? undefined : answerWith('four')(...call));
  const answer = await key.call('both', { max_completion_tokens: 256 });
  expect([answer.status, answer.headers.get(HEADERS.attempts)]).toEqual([200, '2']);
  // It may have spent 0.0027 of 0.004 dollars, and the next may cost as much.
  const next = () => key.call('lab/test', { max_completion_tokens: 256 });
  expect((await next()).status).toBe(402);
  await gateway.kill();
  await gateway.restart();
  expect((await next()).status).toBe(402);
  const row = await traceOf(answer);
  expect(row.cost_usd).toBeCloseTo(of(2.5, 10), 12);
  expect(Number(answer.headers.get(HEADERS.costUsd))).toBeCloseTo(row.cost_usd!, 12);
  // 256 tokens of an answer, and a few of the prompt.
  expect(row.cost_estimated_usd).toBeGreaterThan(0.00256);
  expect(row.cost_estimated_usd).toBeLessThan(0.0028);
  await until('it is shipped', () => spooledRows(gateway.home).every((one) => one.key_id !== key.id));
  await gateway.kill();
  await gateway.restart();
  expect((await next()).status).toBe(402);
  expect((await key.call('lab/test', { max_completion_tokens: 10 })).status).toBe(200);
});

test('budgets hold for calls without a price, at once and by what is on record, through a restart', async () => {
  const key = await makeKey({ limits: { usdPerDay: 0.02 } });
  upstream.answer = answerWith('x'.repeat(6000), { usage: undefined });
  expect((await key.call('lab/test', { max_completion_tokens: 500 })).status).toBe(200);
  // It has spent 0.015 of 0.02 dollars, and the next may cost 0.01.
  const next = () => key.call('lab/test', { max_completion_tokens: 1000 });
  expect((await next()).status).toBe(402);
  await gateway.kill();
  await gateway.restart();
  expect((await next()).status).toBe(402);
  await until('it is shipped', async () => {
    const query = `SELECT sum(cost_estimated_usd) AS usd FROM traces WHERE key_id = '${key.id}'`;
    const [row] = await (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json<{ usd: number | null }>();
    return (row?.usd ?? 0) > 0.01 && spooledRows(gateway.home).every((one) => one.key_id !== key.id);
  });
  await gateway.kill();
  await gateway.restart();
  expect((await next()).status).toBe(402);
  expect((await key.call('lab/test', { max_completion_tokens: 10 })).status).toBe(200);
});

test('the tier that is asked for is what a budget reserves', async () => {
  const key = await makeKey({ limits: { usdPerDay: 0.02 } });
  upstream.answer = answerWith('four');
  // A thousand tokens at ten dollars a million; at twice that, and the prompt, they do not fit.
  expect((await key.call('lab/test', { max_completion_tokens: 1000 })).status).toBe(200);
  expect((await key.call('lab/test', { max_completion_tokens: 1000, service_tier: 'default' })).status).toBe(200);
  expect((await key.call('lab/test', { max_completion_tokens: 1000, service_tier: 'priority' })).status).toBe(402);
  expect((await key.call('lab/test', { max_completion_tokens: 1000, service_tier: 'unheard-of' })).status).toBe(402);
});
