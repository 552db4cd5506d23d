/** A provider's key that is stored through the API: in every gateway at once, after a kill, and nowhere in the clear. */
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { Stillhouse } from '../../clients/sdk/index.ts';
import { DEFAULT_PROJECT, workflowIds } from '../../contracts/names.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { startTestTemporal, type TestTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startTestWorker, type TestWorker } from '../support/worker.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

let clickhouse: TestClickHouse;
let temporal: TestTemporal;
let worker: TestWorker;
let upstream: TestUpstream;
/** One of two processes, and one beside it with a home of its own. */
let gateways: [GatewayProcess, GatewayProcess];
/** A connection for each call: the kernel gives them out. */
const connections = new Agent({ pipelining: 0 });
const FIRST = 'lab-first-very-secret';
const SECOND = 'lab-second-very-secret';

beforeAll(async () => {
  [clickhouse, temporal, upstream] = await Promise.all([startTestClickHouse(), startTestTemporal(), startUpstream()]);
  worker = await startTestWorker({ env: { ...clickhouse.env, TEMPORAL_ADDRESS: temporal.address } });
  const start = (processes: number, extra: Record<string, string>) =>
    startGatewayProcess({
      clickhouseUrl: clickhouse.url,
      fresh: true,
      providers: [labProvider(upstream.url, { apiKeyEnv: 'LAB_API_KEY' })],
      env: {
        TEMPORAL_ADDRESS: temporal.address,
        STILLHOUSE_MASTER_KEY: 'a master key',
        STILLHOUSE_GATEWAY_PROCESSES: String(processes),
        ...extra,
      },
    });
  gateways = await Promise.all([start(2, {}), start(1, { LAB_API_KEY: 'lab-environment' })]);
});
afterAll(async () => {
  for (const gateway of gateways ?? []) await gateway.dispose();
  await worker?.stop();
  await upstream?.stop();
  await temporal?.stop();
  await clickhouse?.stop();
  await connections.close();
});

async function ask(gateway: GatewayProcess): Promise<number> {
  const answer = await request(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'lab/test', messages: [{ role: 'user', content: 'hello' }] }),
    dispatcher: connections,
  });
  await answer.body.dump();
  return answer.statusCode;
}
/** Keys that the upstream was called with by so many calls at once of a gateway; empty where one was not made. */
async function keysOf(gateway: GatewayProcess): Promise<string[]> {
  upstream.asked.length = 0;
  const statuses = await Promise.all(Array.from({ length: 12 }, () => ask(gateway)));
  const keys = new Set(upstream.asked.map(({ headers }) => headers.authorization ?? ''));
  return statuses.every((status) => status === 200) ? [...keys] : [];
}
const allCallWith = async (...keys: [string, string]) => {
  for (const [i, gateway] of gateways.entries())
    await until(`gateway ${i + 1} calls with ${keys[i]}`, async () => (await keysOf(gateway)).join() === `Bearer ${keys[i]}`);
};
const filesOf = (home: string) =>
  readdirSync(home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
const api = (gateway: GatewayProcess) => new Stillhouse({ url: gateway.url, apiKey: ADMIN_KEY });

test('a stored key is used by all processes of all gateways without a restart, and gives way to another', async () => {
  await until('the first gateway has no key', async () => (await ask(gateways[0])) === 401);
  await until('the second has the environment’s', async () => (await keysOf(gateways[1])).join() === 'Bearer lab-environment');
  expect(await api(gateways[0]).providerKeys.set('lab', FIRST)).toMatchObject({ set: true, from: 'api' });
  await allCallWith(FIRST, FIRST);
  // By another gateway than the one that it was given to first.
  expect(await api(gateways[1]).providerKeys.set('lab', SECOND)).toMatchObject({ set: true, version: 2 });
  await allCallWith(SECOND, SECOND);
});

test('it is there after a kill, with Temporal down too', async () => {
  await gateways[0].kill();
  await temporal.kill9();
  await gateways[0].restart();
  expect(await keysOf(gateways[0])).toEqual([`Bearer ${SECOND}`]);
  await temporal.restart();
});

test.each([
  ['another master key', 'quite another'],
  ['none', ''],
])('what %s cannot open is one provider that cannot be called: the gateway serves, and says so', async (_which, masterKey) => {
  const { home } = gateways[1];
  const other = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    fresh: true,
    providers: [
      labProvider(upstream.url, { apiKeyEnv: 'LAB_API_KEY' }),
      labProvider(upstream.url, { id: 'free', models: [{ id: 'free' }] }),
    ],
    env: { TEMPORAL_ADDRESS: temporal.address, STILLHOUSE_MASTER_KEY: masterKey, LAB_API_KEY: 'lab-environment' },
  });
  try {
    // As at a restart: the registry lies on its disk before it serves.
    await other.kill();
    rmSync(join(other.home, 'snapshots'), { recursive: true, force: true });
    cpSync(join(home, 'snapshots'), join(other.home, 'snapshots'), { recursive: true });
    await other.restart();
    expect(await ask(other)).toBe(401);
    const called = await other.post({ model: 'free/free', messages: [{ role: 'user', content: 'hello' }] });
    expect(called.status).toBe(200);
    const missing = await other.post({ model: 'lb/test', messages: [{ role: 'user', content: 'hello' }] });
    expect(missing.status).toBe(404);
    const listed = await fetch(`${other.url}/v1/models`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
    expect(((await listed.json()) as { data: { id: string }[] }).data.map(({ id }) => id)).toEqual(['free/free']);
    const [lab] = await api(other).providers();
    expect(lab).toMatchObject({ id: 'lab', ready: false, reason: expect.stringContaining('STILLHOUSE_MASTER_KEY') as string });
  } finally {
    await other.dispose();
  }
});

test('removed, the environment counts again where it has one', async () => {
  await until('Temporal is back', async () =>
    api(gateways[1])
      .providerKeys.remove('lab')
      .then(
        ({ from }) => from === 'environment',
        () => false,
      ),
  );
  await until(
    'the first gateway has no key',
    async () => (await Promise.all([1, 2, 3, 4].map(() => ask(gateways[0])))).join() === '401,401,401,401',
  );
  expect(await keysOf(gateways[1])).toEqual(['Bearer lab-environment']);
});

test("no key is in a log, a home, a table or a workflow's history", async () => {
  const connection = await Connection.connect({ address: temporal.address });
  const history = await new Client({ connection }).workflow.getHandle(workflowIds.registry(DEFAULT_PROJECT)).fetchHistory();
  await connection.close();
  const texts = history.events!.flatMap((event) => payloadsOf(event));
  // Both versions went by, as ciphertext.
  expect(texts.filter((text) => /"sealed":"v1\./.test(text)).length).toBeGreaterThanOrEqual(2);
  const rows = await clickhouse.client.query({ query: 'SELECT * FROM state_versions', format: 'JSONEachRow' });
  const stored = await rows.text();
  const files = gateways.map(({ home }) => filesOf(home));
  for (const text of [stored, ...files]) expect(text).toContain('"lab"');
  for (const text of [...texts, stored, ...files, worker.output(), ...gateways.map((one) => one.output())])
    expect(text).not.toContain('very-secret');
});

/** Every payload of an event, as text. */
function payloadsOf(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(payloadsOf);
}
