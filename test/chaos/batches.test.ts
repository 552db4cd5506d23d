import OpenAI, { toFile } from 'openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { type CuttingProxy, startCuttingProxy } from '../gateway/cutting-proxy.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from '../gateway/gateway-process.ts';
import { openAISchemas } from '../gateway/openai-schema.ts';
import { type OpenAIUpstream, startOpenAIUpstream } from '../gateway/openai-upstream.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';

// The gateway is killed at each point at which a batch stands with one foot somewhere else; and several gateways settle the same one.
let clickhouse: TestClickHouse;
let proxy: CuttingProxy;
let lab: OpenAIUpstream;
const gateways: GatewayProcess[] = [];

const start = async ({ knowsLab = true, processes = 1 } = {}) => {
  const models = [
    { id: 'gpt-4o', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10, serviceTiers: { batch: { inputUsdPerMTok: 1, outputUsdPerMTok: 4 } } },
  ];
  const gateway = await startGatewayProcess({
    clickhouseUrl: proxy.url,
    limits: { retries: 0, batchPollMs: 100 },
    providers: knowsLab ? [labProvider(lab.url, { apiKeyEnv: 'LAB_KEY', models })] : [],
    env: { LAB_KEY: 'lab-secret', STILLHOUSE_GATEWAY_PROCESSES: String(processes) },
  });
  gateways.push(gateway);
  return gateway;
};
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  proxy = await startCuttingProxy(() => clickhouse.url);
  lab = await startOpenAIUpstream(openAISchemas(), 'lab-secret', 'lab');
  lab.batchAnswer = ({ custom_id }) => ({
    custom_id,
    response: { status_code: 200, body: { model: 'gpt-4o', usage: { prompt_tokens: 1000, completion_tokens: 200, total_tokens: 1200 } } },
  });
  gateway = await start();
}, 120_000);
afterEach(async () => {
  proxy.atInsert = null;
  Object.assign(lab, { batchIsDone: false, instead: () => false });
  lab.asked.length = 0;
});
afterAll(async () => {
  for (const one of gateways) await one.dispose();
  await lab?.stop();
  await proxy?.stop();
  await clickhouse?.stop();
});

async function make(run: string): Promise<OpenAI.Batch> {
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
  const line = {
    custom_id: run,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o', max_completion_tokens: 10, messages: [] },
  };
  const file = await client.files.create({ file: await toFile(Buffer.from(JSON.stringify(line)), 'a.jsonl'), purpose: 'batch' });
  const headers = { 'x-stillhouse-metadata': JSON.stringify({ run }) };
  return client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' }, { headers });
}

async function rows<T>(query: string): Promise<T[]> {
  return (await clickhouse.client.query({ query, format: 'JSONEachRow' })).json<T>();
}
const tracesOf = (batch: string) => rows<TraceRow>(`SELECT * FROM traces WHERE metadata['batch'] = '${batch}'`);
const stateOf = async (batch: string) => {
  const [row] = await rows<{ state: string }>(
    `SELECT argMax(state, version) AS state FROM provider_batches WHERE call_id IN (SELECT call_id FROM provider_batches WHERE id = '${batch}')`,
  );
  return row?.state;
};
/** Everything that counts money says the same, once. */
async function countedOnce(batch: string, before: { calls: number; usd: number }): Promise<void> {
  await until('it is settled', async () => (await stateOf(batch)) === 'settled');
  const found = await tracesOf(batch);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ status: 'ok', target: 'lab/gpt-4o', tokens_in: 1000, tokens_out: 200 });
  // The model's own price in a batch: 1,000 tokens at a dollar a million, 200 at four.
  expect(found[0]!.cost_usd).toBeCloseTo(0.0018, 9);
  const after = await counted();
  expect(after.calls - before.calls).toBe(1);
  expect(after.usd - before.usd).toBeCloseTo(0.0018, 9);
}
const counted = async () => {
  const [row] = await rows<{ calls: number; usd: number }>(
    `SELECT sum(calls) AS calls, sum(cost_usd) AS usd FROM usage_minutes WHERE target = 'lab/gpt-4o'`,
  );
  return { calls: Number(row!.calls), usd: row!.usd };
};

test('killed between the traces of a batch and the note that it is settled: they are there once', async () => {
  const before = await counted();
  const batch = await make('settling');
  await until('its call is stored', async () => (await rows(`SELECT id FROM traces WHERE metadata['run'] = 'settling'`)).length > 0);
  let killed = 0;
  proxy.atInsert = async (table, moment) => {
    if (table !== 'provider_batches' || moment !== 'before' || (await tracesOf(batch.id)).length === 0) return;
    killed++;
    await gateway.kill();
    return 'lost';
  };
  lab.batchIsDone = true;
  await until('it is killed there', () => killed > 0);
  proxy.atInsert = null;
  expect(await tracesOf(batch.id)).toHaveLength(1);
  expect(await stateOf(batch.id)).toBe('open');
  await gateway.restart();
  await countedOnce(batch.id, before);
  // Whose it is stands in the call that made it.
  expect((await tracesOf(batch.id))[0]!.metadata).toMatchObject({ run: 'settling', batch: batch.id });
});

test('killed while nobody knows whether ClickHouse has the traces: they are there once', async () => {
  const before = await counted();
  const batch = await make('unacknowledged');
  let killed = 0;
  proxy.atInsert = async (table, moment) => {
    if (table !== 'traces' || moment !== 'done' || (await tracesOf(batch.id)).length === 0) return;
    killed++;
    await gateway.kill();
  };
  lab.batchIsDone = true;
  await until('it is killed there', () => killed > 0);
  proxy.atInsert = null;
  await gateway.restart();
  await countedOnce(batch.id, before);
});

test('an acknowledgement that is lost without a kill: they are there once', async () => {
  const before = await counted();
  const batch = await make('cut');
  let lost = 0;
  proxy.atInsert = async (table, moment) => {
    if (table !== 'traces' || moment !== 'done' || lost > 0 || (await tracesOf(batch.id)).length === 0) return;
    lost++;
    return 'lost';
  };
  lab.batchIsDone = true;
  await until('an answer was cut', () => lost > 0);
  await countedOnce(batch.id, before);
});

test('killed once the provider has made the batch, before that is on record: it is found, and is the project’s', async () => {
  const before = await counted();
  const batches = new Set(await listed());
  proxy.atInsert = async (table, moment) => {
    if (table !== 'provider_objects' || moment !== 'before' || !lab.asked.includes('POST /v1/batches')) return;
    await gateway.kill();
    return 'lost';
  };
  await expect(make('unrecorded')).rejects.toThrow();
  proxy.atInsert = null;
  await gateway.restart();
  const id = await until('it is found', async () => (await listed()).find((one) => !batches.has(one)));
  lab.batchIsDone = true;
  await countedOnce(id, before);
  expect(lab.asked.filter((asked) => asked === 'POST /v1/batches')).toHaveLength(1);
  const interrupted = await until('its call is a trace', async () => {
    const [row] = await rows<TraceRow>(`SELECT * FROM traces WHERE metadata['run'] = 'unrecorded' AND target = 'lab/batches'`);
    return row;
  });
  // What the batch cost is not counted by its call as well.
  expect(interrupted).toMatchObject({ status: 'interrupted', target: 'lab/batches', cost_usd: 0 });
});

test('killed before the provider was asked: nothing is held once that is plain', async () => {
  proxy.atInsert = async (table, moment) => {
    if (table === 'provider_batches' && moment === 'done') await gateway.kill();
  };
  await expect(make('unasked')).rejects.toThrow();
  proxy.atInsert = null;
  await gateway.restart();
  const states = `SELECT argMax(state, version) AS state FROM provider_batches GROUP BY call_id`;
  await until('none is under way', async () =>
    (await rows<{ state: string }>(states)).every(({ state }) => state === 'none' || state === 'settled'),
  );
  expect(lab.asked).not.toContain('POST /v1/batches');
});

test('three gateways, each with a home of its own, one of two processes, settle many batches: each once', async () => {
  await start();
  await start({ processes: 2 });
  // One that can't ask their provider is in nobody's way.
  await start({ knowsLab: false });
  const before = await counted();
  const made = await Promise.all(Array.from({ length: 8 }, (_, index) => make(`shared-${index}`)));
  lab.asked.length = 0;
  lab.batchIsDone = true;
  await until('all are settled', async () => (await Promise.all(made.map(({ id }) => stateOf(id)))).every((state) => state === 'settled'));
  for (const { id } of made) expect(await tracesOf(id)).toHaveLength(1);
  const after = await counted();
  expect(after.calls - before.calls).toBe(8);
  expect(after.usd - before.usd).toBeCloseTo(8 * 0.0018, 9);
  // And no more is asked of them.
  const asked = lab.asked.length;
  const last = await make('last');
  await until('another is settled', async () => (await stateOf(last.id)) === 'settled');
  const later = lab.asked.slice(asked).filter((one) => made.some(({ id }) => one.endsWith(`/${id}`)));
  expect(later).toEqual([]);
});

async function listed(): Promise<string[]> {
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
  return (await client.batches.list()).data.map(({ id }) => id);
}
