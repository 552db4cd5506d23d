import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { type CuttingProxy, startCuttingProxy } from '../gateway/cutting-proxy.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from '../gateway/gateway-process.ts';
import { openAISchemas } from '../gateway/openai-schema.ts';
import { type OpenAIUpstream, startOpenAIUpstream } from '../gateway/openai-upstream.ts';
import { jsonl } from '../gateway/passthrough-stack.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';

// The gateway is killed at each point at which a call that is passed through stands with one foot at its provider.
let clickhouse: TestClickHouse;
let proxy: CuttingProxy;
let lab: OpenAIUpstream;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  proxy = await startCuttingProxy(() => clickhouse.url);
  lab = await startOpenAIUpstream(openAISchemas(), 'lab-secret', 'lab');
  const models = [{ id: 'gpt-image-1', inputUsdPerMTok: 5, outputUsdPerMTok: 40 }];
  gateway = await startGatewayProcess({
    clickhouseUrl: proxy.url,
    limits: { retries: 2, retryBaseMs: 1 },
    providers: [labProvider(lab.url, { apiKeyEnv: 'LAB_KEY', models })],
    env: { LAB_KEY: 'lab-secret' },
  });
}, 120_000);
afterEach(async () => {
  proxy.atInsert = null;
  lab.instead = () => false;
  lab.asked.length = 0;
  await gateway.kill();
  await gateway.restart();
});
afterAll(async () => {
  await gateway?.dispose();
  await lab?.stop();
  await proxy?.stop();
  await clickhouse?.stop();
});

/** The port is another after each start. */
const client = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
const upload = async (run: string) =>
  client().files.create({ file: await jsonl(), purpose: 'batch' }, { headers: { 'x-stillhouse-metadata': JSON.stringify({ run }) } });

async function rowsOf(run: string): Promise<TraceRow[]> {
  const query = { query: `SELECT * FROM traces WHERE metadata['run'] = '${run}'`, format: 'JSONEachRow' } as const;
  return (await clickhouse.client.query(query)).json<TraceRow>();
}

/** Of a call that a kill has cut off: one trace, and one only, once the next process has taken over. */
async function interrupted(run: string): Promise<TraceRow> {
  await gateway.kill();
  await gateway.restart();
  const found = await until('its trace', async () => {
    const rows = await rowsOf(run);
    return rows.length > 0 && rows;
  });
  // Another start, and nothing of it is doubled.
  await gateway.kill();
  await gateway.restart();
  await upload(`after-${run}`);
  await until('what comes after it is stored', async () => (await rowsOf(`after-${run}`)).length === 1);
  expect(await rowsOf(run)).toHaveLength(1);
  expect(found[0]).toMatchObject({ status: 'interrupted' });
  return found[0]!;
}

const filesMade = () => lab.asked.filter((asked) => asked === 'POST /v1/files').length;
const listed = async () => (await client().files.list()).data.map(({ id }) => id);

test('killed amid an upload: the provider sees it break off, the trace is interrupted, nothing is listed', async () => {
  const before = await listed();
  lab.instead = (request) => {
    request.once('data', () => process.kill(gateway.pid, 'SIGKILL'));
    request.on('error', () => undefined);
    return true;
  };
  await expect(upload('amid')).rejects.toThrow();
  lab.instead = () => false;
  await interrupted('amid');
  expect(await listed()).toHaveLength(before.length + 1);
});

test('killed once the provider has made the file, before it is on record: it is nobody’s here, and is never made again', async () => {
  const before = await listed();
  proxy.atInsert = async (table, moment) => {
    if (table !== 'provider_objects' || moment !== 'before') return;
    await gateway.kill();
    return 'lost';
  };
  await expect(upload('unrecorded')).rejects.toThrow();
  proxy.atInsert = null;
  expect(filesMade()).toBe(1);
  const row = await interrupted('unrecorded');
  expect(row).toMatchObject({ target: 'lab/files', kind: 'files' });
  // One more is what came after it.
  expect(filesMade()).toBe(2);
  expect(await listed()).toHaveLength(before.length + 1);
});

test('killed once the file is on record, before its trace: the file is the project’s, the trace is interrupted', async () => {
  const before = await listed();
  proxy.atInsert = async (table, moment) => {
    if (table === 'provider_objects' && moment === 'done') await gateway.kill();
  };
  await expect(upload('recorded')).rejects.toThrow();
  proxy.atInsert = null;
  await interrupted('recorded');
  expect(filesMade()).toBe(2);
  expect(await listed()).toHaveLength(before.length + 2);
});

test('a file that could not be put on record is named, and OpenAI’s client does not make another', async () => {
  const patient = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 2 });
  const { promise: refused, resolve } = Promise.withResolvers<void>();
  lab.instead = (request) => {
    if (request.url === '/v1/files' && request.method === 'POST') request.once('end', () => void clickhouse.kill().then(resolve));
    return false;
  };
  proxy.atInsert = async () => refused;
  const made = patient.files.create(
    { file: await jsonl(), purpose: 'batch' },
    { headers: { 'x-stillhouse-metadata': '{"run":"orphan"}' } },
  );
  await expect(made).rejects.toMatchObject({ status: 503, message: expect.stringMatching(/has made the file "lab-file-\d+"/) });
  expect(filesMade()).toBe(1);
  await clickhouse.restart();
  const row = await until('its trace', async () => (await rowsOf('orphan'))[0]);
  expect(row).toMatchObject({ status: 'error', error_message: expect.stringContaining('has made the file "lab-file-') });
});

test('killed between a picture and its trace: one interrupted trace, which counts with its worst case', async () => {
  lab.instead = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"data":[', () => process.kill(gateway.pid, 'SIGKILL'));
    return true;
  };
  const headers = { 'x-stillhouse-metadata': '{"run":"picture"}' };
  await expect(client().images.generate({ model: 'gpt-image-1', prompt: 'x' }, { headers })).rejects.toThrow();
  lab.instead = () => false;
  expect((await interrupted('picture')).cost_usd).toBeCloseTo(6240 * 40e-6, 3);
  expect(lab.asked.filter((asked) => asked === 'POST /v1/images/generations')).toHaveLength(1);
});
