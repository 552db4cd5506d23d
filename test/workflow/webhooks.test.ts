/** Clusters that are worth distilling are told, once each, over the real programs and through crashes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Cluster, ClusterRun } from '../../contracts/clusters.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { WebhookConfig, type WebhookDelivery } from '../../contracts/webhooks.ts';
import { recordClusterEdit } from '../../store/clickhouse/cluster-edits.ts';
import { projectClusters } from '../../store/clickhouse/project-clusters.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startControlPlane } from '../api/control-plane.ts';
import { linesOf, traceRow } from '../store/trace-fixtures.ts';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver, taken, type WebhookReceiver } from '../support/webhook-receiver.ts';
import { startTestWorker } from '../support/worker.ts';
import { type ClusterBench, callOf, messages, startClusterBench } from './cluster-bench.ts';

const KILLED_WORKER = fileURLToPath(new URL('../chaos/killed-worker.ts', import.meta.url));
const SECRET = `whsec_${Buffer.from('a secret of some length').toString('base64')}`;
const RATES = { coreHourUsd: 0.1, gpuHourUsd: 2 };
let bench: ClusterBench;
let receiver: WebhookReceiver;
let bundle: string;
let webhooks: object[];

beforeAll(async () => {
  quietTemporal();
  [bench, receiver] = await Promise.all([startClusterBench(), startWebhookReceiver()]);
  bundle = join(bench.folder(), 'bundle.cjs');
  writeFileSync(bundle, (await workflowBundle()).code);
  webhooks = [
    { id: 'ops', url: `${receiver.url}/ops`, allowPrivateAddress: true, secretEnv: 'OPS_SECRET', minSavingUsdPerMonth: 100 },
    { id: 'rich', url: `${receiver.url}/rich`, allowPrivateAddress: true, minSavingUsdPerMonth: 1e9 },
    { id: 'others', url: `${receiver.url}/others`, allowPrivateAddress: true, projects: ['another'] },
  ];
}, 120_000);
beforeEach(() => {
  receiver.got.length = 0;
  receiver.answer = taken;
});
afterAll(async () => {
  await bench?.stop();
  await receiver?.stop();
});

/** Five hours of a project's dear calls, and a worker in a namespace and a home of its own. */
async function setUp(project: string, [activity, point]: [string, string] = ['none', 'end'], { perLabel = 40, costUsd = 0.02 } = {}) {
  const calls = messages(perLabel);
  const began = Date.now() - 6 * 3_600_000;
  const rows = calls.map((message, i) =>
    traceRow(began + Math.round((i * 5 * 3_600_000) / calls.length), { ...callOf(message), project, cost_usd: costUsd }),
  );
  await insertTraceSegment(bench.clickhouse.client, { token: `webhooks-${project}`, lines: linesOf(rows) });
  const client = await bench.client(project);
  const home = bench.folder();
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'stillhouse.yaml'), JSON.stringify({ webhooks }));
  const env = { ...bench.workerEnv(home, project), STILLHOUSE_CONFIG: join(home, 'stillhouse.yaml'), OPS_SECRET: SECRET };
  const work = (...[at, what]: [string, string]) => startTestWorker({ path: KILLED_WORKER, programArguments: [at, what, bundle], env });
  // A new namespace is known to the whole server some seconds after it was made.
  const worker = await until('the namespace is there', () => work(activity, point).catch(() => null), 60_000);
  return { client, worker, again: () => work('none', 'end') };
}
async function begin(client: Client, project: string, name: string) {
  const start = () =>
    client.workflow.start<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
      workflowId: workflowIds.clusterTraces(project, name),
      taskQueue: QUEUES.main,
      args: [{ project, name }],
    });
  return await until('the run starts', () => start().catch(() => null));
}
const cluster = async (client: Client, project: string, name: string) => (await begin(client, project, name)).result();
const worth = async (project: string) =>
  (await projectClusters({ clickhouse: bench.clickhouse.client, rates: RATES }, project, {})).filter(
    ({ size, task, savingUsdPerMonth }) => size >= 20 && task.student !== null && (savingUsdPerMonth ?? 0) >= 100,
  );
const told = () => receiver.got.map(({ text }) => (JSON.parse(text) as { data: { cluster: { id: string } } }).data.cluster.id);
const delivered = (client: Client, project: string, id: string) =>
  client.workflow.getHandle<(input: unknown) => Promise<WebhookDelivery>>(workflowIds.deliverWebhook(project, 'ops', id)).result();

test('each is told once, signed, to those who want to know; a receiver that is down is asked again; a later run tells nothing anew', async () => {
  const { client, worker } = await setUp('told');
  let refused = 0;
  receiver.answer = (response) => (refused++ === 0 ? void response.writeHead(503).end() : taken(response));
  await cluster(client, 'told', 'first');
  const clusters = await worth('told');
  expect(clusters.length).toBeGreaterThanOrEqual(2);
  const deliveries = await Promise.all(clusters.map(({ id }) => delivered(client, 'told', id)));
  expect(deliveries.map(({ status }) => status)).toEqual(clusters.map(() => 204));
  expect(receiver.got).toHaveLength(clusters.length + 1);
  expect(new Set(told())).toEqual(new Set(clusters.map(({ id }) => id)));
  // Who was asked twice got the same event twice.
  expect(new Set(receiver.got.map(({ headers }) => headers['webhook-id'])).size).toBe(clusters.length);
  for (const { path, headers, text } of receiver.got) {
    expect(path).toBe('/ops');
    const { type, data } = new Webhook(SECRET).verify(text, headers as Record<string, string>) as {
      type: string;
      data: { project: string; cluster: { id: string } };
    };
    const { name, size, savingUsdPerMonth, task } = clusters.find(({ id }) => id === data.cluster.id)!;
    expect({ type, data }).toMatchObject({
      type: 'cluster.worth_distilling',
      data: { project: 'told', cluster: { name, size, savingUsdPerMonth, student: task.student } },
    });
  }
  const history = await client.workflow.getHandle(workflowIds.deliverWebhook('told', 'ops', clusters[0]!.id)).fetchHistory();
  expect(JSON.stringify(history)).not.toContain(Buffer.from(clusters[0]!.name).toString('base64').slice(0, -4));

  receiver.got.length = 0;
  await cluster(client, 'told', 'second');
  const after = new Set((await worth('told')).map(({ id }) => id));
  const fresh = after.difference(new Set(clusters.map(({ id }) => id)));
  await Promise.all([...fresh].map((id) => delivered(client, 'told', id)));
  expect(new Set(told())).toEqual(fresh);
  await worker.stop();
}, 120_000);

test('what a person calls a cluster is what is told; of one that has too few calls for a dataset nothing is', async () => {
  const { client, worker } = await setUp('called');
  receiver.answer = (response) => void response.writeHead(503).end();
  await cluster(client, 'called', 'first');
  const [{ id }, ...others] = (await worth('called')) as [Cluster, ...Cluster[]];
  const changes = { name: 'Lost at the post office', description: 'Cards that are under way.' };
  const at = new Date().toISOString();
  await recordClusterEdit(bench.clickhouse.client, 'called', { clusterId: id, at, actor: 'admin', changes });
  receiver.got.length = 0;
  receiver.answer = taken;
  await Promise.all([id, ...others.map((other) => other.id)].map((one) => delivered(client, 'called', one)));
  const bodies = receiver.got.map(({ text }) => (JSON.parse(text) as { data: { cluster: { id: string } } }).data.cluster);
  expect(bodies.find((body) => body.id === id)).toMatchObject(changes);
  await worker.stop();
  const few = await setUp('few', undefined, { perLabel: 8, costUsd: 20 });
  const { runId } = await cluster(few.client, 'few', 'first');
  const all = await projectClusters({ clickhouse: bench.clickhouse.client, rates: RATES }, 'few', {});
  expect(all.some(({ task, savingUsdPerMonth }) => task.student !== null && (savingUsdPerMonth ?? 0) >= 100)).toBe(true);
  expect(await worth('few')).toEqual([]);
  const history = await few.client.workflow.getHandle(workflowIds.clusterTraces('few', 'first'), runId).fetchHistory();
  expect(history.events?.some((event) => event.startChildWorkflowExecutionInitiatedEventAttributes)).toBe(false);
  await few.worker.stop();
}, 120_000);

test('killed when it was taken and noted: not sent again', async () => {
  const { client, worker, again } = await setUp('noted', ['deliverWebhook', 'end']);
  const run = await begin(client, 'noted', 'killed');
  expect(await worker.exited).toBeNull();
  const second = await again();
  await run.result();
  const clusters = await worth('noted');
  await Promise.all(clusters.map(({ id }) => delivered(client, 'noted', id)));
  expect(new Set(told())).toEqual(new Set(clusters.map(({ id }) => id)));
  const byEvent = Map.groupBy(receiver.got, ({ headers }) => headers['webhook-id']);
  // Others were under way when the worker died: what was sent and not noted is sent again, as the same event.
  expect(byEvent.size).toBe(clusters.length);
  await second.stop();
}, 120_000);

test('killed between being taken and being noted: sent again, and known as the same event', async () => {
  const { client, worker, again } = await setUp('lost');
  receiver.answer = () => void worker.kill();
  const run = await begin(client, 'lost', 'killed');
  expect(await worker.exited).toBeNull();
  receiver.answer = taken;
  const before = receiver.got.length;
  expect(before).toBeGreaterThan(0);
  const second = await again();
  await run.result();
  const clusters = await worth('lost');
  await Promise.all(clusters.map(({ id }) => delivered(client, 'lost', id)));
  const byEvent = Map.groupBy(receiver.got, ({ headers }) => headers['webhook-id']);
  expect(byEvent.size).toBe(clusters.length);
  expect(Math.max(...[...byEvent.values()].map((same) => same.length))).toBe(2);
  await second.stop();
}, 180_000);

test('the API lists them without their paths, and has a test event sent', async () => {
  const { worker } = await setUp('tried');
  const configured = webhooks.map((webhook) => WebhookConfig.parse(webhook));
  await worker.stop();
  const main = await startTestWorker({ path: KILLED_WORKER, programArguments: ['none', 'end', bundle], env: mainEnv() });
  const plane = await startControlPlane(bench.clickhouse.client, bench.temporal.address, { webhooks: configured });
  try {
    expect(await plane.sdk.webhooks.list()).toEqual([
      { id: 'ops', origin: receiver.url, signed: true, minSavingUsdPerMonth: 100 },
      { id: 'rich', origin: receiver.url, signed: false, minSavingUsdPerMonth: 1e9 },
    ]);
    expect(await plane.sdk.webhooks.test('rich')).toMatchObject({ status: 204, event: 'test' });
    receiver.answer = (response) => void response.writeHead(500).end();
    await expect(plane.sdk.webhooks.test('rich')).rejects.toMatchObject({ status: 502, message: 'Webhook "rich" answered 500.' });
    await expect(plane.sdk.webhooks.test('rch')).rejects.toMatchObject({ status: 404, message: expect.stringContaining('rich') });
  } finally {
    await plane.close();
    await main.stop();
  }
});

function mainEnv(): Record<string, string> {
  const home = bench.folder();
  writeFileSync(join(home, 'stillhouse.yaml'), JSON.stringify({ webhooks }));
  return { ...bench.workerEnv(home), STILLHOUSE_CONFIG: join(home, 'stillhouse.yaml'), OPS_SECRET: SECRET };
}
