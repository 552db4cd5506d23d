import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ClusterRequest, type ClusterRun, ClusterTracesInput } from '../../contracts/clusters.ts';
import { QUEUES, TABLES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { startingClusterRun } from '../../core/clusters/starting-run.ts';
import { clusterScope } from '../../platform/content-hash.ts';
import { insertAssignments } from '../../store/clickhouse/cluster-assignments.ts';
import { recordClusterEdit } from '../../store/clickhouse/cluster-edits.ts';
import { readClusterRun, recordClusterRun } from '../../store/clickhouse/cluster-runs.ts';
import { clustersOfRun, insertClusters } from '../../store/clickhouse/clusters.ts';
import { defineQuery, runQuery } from '../../store/clickhouse/query.ts';
import { traceRow } from '../store/trace-fixtures.ts';
import { clusterFixture } from '../store/cluster-fixture.ts';
import { LABELS } from '../support/distil-bench.ts';
import { until } from '../support/until.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { type ClusterBench, NAMER, callOf, messages, startClusterBench } from './cluster-bench.ts';

let bench: ClusterBench;
let worker: TestWorker;
let client: Client;
let recorded: TraceRow[];

const FIVE = ['where is my card', 'block my pin', 'close my account', 'exchange rate please', 'top up'];
const EDGES: [name: string, count: number, text: (i: number) => string][] = [
  ['five traces', 5, (i) => FIVE[i]!],
  ['equal prompts', 1_200, () => 'where is my card?'],
  ['empty prompts', 40, () => '   '],
  ['none', 0, () => ''],
];
const projectOf = (name: string) => name.replaceAll(' ', '-');

beforeAll(async () => {
  bench = await startClusterBench([], {}, ['clash', 'own', 'refused', ...EDGES.map(([name]) => projectOf(name))]);
  client = await bench.client();
  worker = await startTestWorker({ env: bench.workerEnv(bench.folder()) });
  recorded = await bench.record(messages(40).map((message) => callOf(message)));
}, 180_000);
afterAll(async () => {
  await worker?.stop();
  await bench?.stop();
});

const store = () => bench.clickhouse.client;
const begin = (request: Partial<ClusterRequest> & { name: string; project?: string }) =>
  client.workflow.start<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
    workflowId: workflowIds.clusterTraces(request.project ?? 'default', request.name),
    taskQueue: QUEUES.main,
    args: [request],
  });
const run = async (request: Parameters<typeof begin>[0]) => (await begin(request)).result();
const namesAsked = () => bench.namer.prompts().filter((prompt) => prompt.startsWith('Group A')).length;
const found = (state: ClusterRun) => clustersOfRun(store(), state.project, state);

const ASSIGNED = defineQuery({
  name: 'assigned traces',
  sql: `SELECT toString(trace_id) AS id, cluster_id, outlier, run_id FROM ${TABLES.traceClusters} FINAL WHERE project = {project:String}`,
  parameters: z.object({ project: z.string() }),
  row: z.object({ id: z.string(), cluster_id: z.string(), outlier: z.boolean(), run_id: z.string() }),
});
const assigned = async (project = 'default') => new Map((await runQuery(store(), ASSIGNED, { project })).map((row) => [row.id, row]));

/** Share of the traces whose cluster's commonest label is their own. */
async function purity(rows: readonly TraceRow[], project = 'default'): Promise<number> {
  const places = await assigned(project);
  const byCluster = Map.groupBy(rows, ({ id }) => places.get(id)!.cluster_id);
  let right = 0;
  for (const members of byCluster.values()) {
    const counts = Map.groupBy(members, (row) => row.answer_text);
    right += Math.max(...[...counts.values()].map((same) => same.length));
  }
  return right / rows.length;
}

test('intents become clusters with names of their own; the pipeline stays out; nothing of customers is in Temporal', async () => {
  const ours = await bench.record(messages(5).map((message) => callOf(message, { origin: 'pipeline' })));
  const odd = await bench.record([
    callOf({ text: '  ', label: 'x' }),
    callOf({ text: 'boom', label: '' }, { status: 'error', request: '{' }),
  ]);
  const handle = await begin({ name: 'first', naming: NAMER, source: { alias: 'support' } });
  const state = await handle.result();
  const all = recorded.length + odd.length;
  expect(state).toMatchObject({
    status: 'completed',
    warnings: [],
    counts: { traces: all, sampled: all, kept: 0, assigned: all, withoutText: 1 },
  });
  const clusters = await found(state);
  expect(clusters.length).toBe(state.counts.clusters);
  expect(clusters.length).toBeGreaterThanOrEqual(LABELS.length);
  expect(clusters.length).toBeLessThanOrEqual(12);
  expect(new Set(clusters.map(({ name }) => name.toLowerCase())).size).toBe(clusters.length);
  expect(clusters.every(({ namedBy, name, inclusion }) => namedBy === 'model' && name.split(' ').length <= 6 && inclusion !== '')).toBe(
    true,
  );
  expect(clusters.flatMap(({ keywords }) => keywords).join(' ')).toMatch(/card|exchange|pin|account/);

  const places = await assigned();
  expect(await purity(recorded)).toBeGreaterThan(0.85);
  for (const row of ours) expect(places.has(row.id)).toBe(false);
  expect(places.get(odd[0]!.id)).toMatchObject({ cluster_id: '', outlier: true });
  expect(clusters.map(({ id }) => id)).toContain(places.get(odd[1]!.id)?.cluster_id);

  const history = readable(await handle.fetchHistory());
  // What is looked through can be read.
  expect(history.includes('"maxSample":20000')).toBe(true);
  for (const { text } of messages(40)) expect([text, history.includes(text.trim().slice(0, 30))]).toEqual([text, false]);
  for (const { name } of clusters) expect([name, history.includes(name)]).toEqual([name, false]);
  expect(await readClusterRun(store(), 'default', 'first')).toEqual(state);
  expect(state.spentUsd).toBeGreaterThan(0);
});

/** A history with its payloads as text. */
function readable(history: object): string {
  return JSON.stringify(history).replaceAll(/"data":"([A-Za-z0-9+/=]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString());
}

test('a second run keeps identities and names, and asks for nothing; what a person has said stays', async () => {
  const first = await readClusterRun(store(), 'default', 'first');
  const before = await found(first!);
  const delivered = namesAsked();
  await recordClusterEdit(store(), 'default', {
    clusterId: before[0]!.id,
    at: new Date().toISOString(),
    actor: 'admin',
    changes: { name: 'My own words' },
  });
  await bench.record(messages(4, 'test').map((message) => callOf(message)));
  const second = await run({ name: 'second', naming: NAMER, source: { alias: 'support' } });
  const after = await found(second);
  const ids = new Set(before.map(({ id }) => id));
  expect(second.counts.kept).toBeGreaterThanOrEqual(before.length - 1);
  expect(after.filter(({ id }) => ids.has(id)).length).toBe(second.counts.kept);
  const renamed = after.find(({ id }) => id === before[0]!.id);
  expect(renamed).toMatchObject({ name: 'My own words', namedBy: 'person' });
  for (const cluster of after) {
    const old = before.find(({ id }) => id === cluster.id);
    if (old && old !== before[0]) expect(cluster.name).toBe(old.name);
  }
  expect(namesAsked() - delivered).toBeLessThanOrEqual(2 * (after.length - second.counts.kept!));
});

test('new traces are assigned to the clusters that are there, old ones are left alone', async () => {
  const before = await assigned();
  const fresh = await bench.record(
    messages(30, 'test')
      .slice(4)
      .map((message) => callOf(message)),
  );
  const state = await run({ name: 'later', mode: 'assign', source: { alias: 'support' } });
  expect(state).toMatchObject({ status: 'completed', counts: { assigned: fresh.length, clusters: null } });
  expect(await purity(fresh)).toBeGreaterThan(0.85);
  const after = await assigned();
  for (const [id, row] of before) expect(after.get(id)).toEqual(row);
  const again = await run({ name: 'again', mode: 'assign', source: { alias: 'support' } });
  expect(again.counts.assigned).toBe(0);
});

test('what is older than the clusters is assigned by a run that says since when', async () => {
  const old = new Date(Date.now() - 5 * 86_400_000).toISOString();
  const days = traceRow(Date.parse(old) + 1_000);
  await bench.record([callOf(messages(1)[0]!, { id: days.id, ts: days.ts })]);
  const source = { alias: 'support' };
  expect((await run({ name: 'recent', mode: 'assign', source })).counts.assigned).toBe(0);
  expect((await run({ name: 'all-of-it', mode: 'assign', source: { ...source, since: old } })).counts.assigned).toBe(1);
  expect((await assigned()).has(days.id)).toBe(true);
});

test('there is nothing to assign to before clusters were found', async () => {
  await expect(run({ name: 'nowhere', mode: 'assign', source: { alias: 'nobody' } })).rejects.toThrow();
  expect((await readClusterRun(store(), 'default', 'nowhere'))!.error).toMatch(/There are no clusters of these traces yet/);
});

test('vectors of different embedders are never compared: assigning is refused, a new run keeps nothing', async () => {
  const project = 'embedders';
  await bench.record(messages(10).map((message) => callOf(message, { project })));
  const scope = clusterScope({});
  const begun = { name: 'old', scope, workflowId: 'clusters/embedders/old', runId: 'old', startedAt: new Date() };
  await insertClusters(store(), [clusterFixture({ project, scope, runId: 'old' })]);
  await recordClusterRun(store(), { ...startingClusterRun(ClusterTracesInput.parse({ project }), begun), status: 'completed' });
  await expect(run({ name: 'assign', mode: 'assign', project })).rejects.toThrow();
  expect((await readClusterRun(store(), project, 'assign'))!.error).toMatch(/found with another embedder, or another precision of it/);
  expect(await run({ name: 'anew', project })).toMatchObject({ status: 'completed', counts: { kept: 0 } });
});

test('without a model the names are keywords, and say so', async () => {
  const state = await run({ name: 'plain', source: { alias: 'support', metadata: {} } });
  expect(state).toMatchObject({ status: 'completed', spentUsd: 0, counts: { named: 0 } });
  await bench.record(messages(30).map((message) => callOf(message, { project: 'words' })));
  const words = await run({ name: 'words', project: 'words' });
  const clusters = await found(words);
  expect(clusters.every(({ namedBy }) => namedBy === 'keywords')).toBe(true);
  expect(new Set(clusters.map(({ name }) => name)).size).toBe(clusters.length);
});

test('an attempt goes on after the last trace that the one before has stored', async () => {
  const rows = await bench.record(messages(20).map((message) => callOf(message, { project: 'halves' })));
  await worker.stop();
  const handle = await begin({ name: 'halves', project: 'halves' });
  const at = new Date().toISOString();
  const assigning = { project: 'halves', runId: handle.firstExecutionRunId, at };
  const call = ({ id, ts }: TraceRow) => ({ ...BLANK_CALL, id, ts });
  const stored = rows.slice(0, 30).map((row) => ({ call: call(row), clusterId: 'stored before', similarity: 1, outlier: false }));
  await insertAssignments(store(), assigning, stored);
  worker = await startTestWorker({ env: bench.workerEnv(bench.folder()) });
  expect((await handle.result()).counts.assigned).toBe(rows.length);
  const places = await assigned('halves');
  expect(rows.map(({ id }) => places.get(id)!.cluster_id === 'stored before')).toEqual(rows.map((_, i) => i < 30));
});

const BLANK_CALL = {
  alias: '',
  target: '',
  keyId: '',
  status: 'ok',
  tokensIn: 0,
  tokensOut: 0,
  costUsd: null,
  latencyMs: 0,
  request: '',
  promptText: '',
  answerText: '',
};

test('a clash is asked again once, then told apart by a keyword; what is no name is none', async () => {
  await bench.record(messages(30).map((message) => callOf(message, { project: 'clash' })));
  const asked: string[] = [];
  bench.namer.instead = (label, prompt) => {
    asked.push(prompt);
    if (label === 'pin_blocked') return 'I would call it: blocked pins';
    return JSON.stringify({ name: 'Bank question', description: 'd', inclusion: 'i', exclusion: 'e' });
  };
  const state = await run({ name: 'clash', project: 'clash', naming: NAMER }).finally(() => (bench.namer.instead = () => null));
  const clusters = await found(state);
  const named = clusters.filter(({ namedBy }) => namedBy === 'model');
  expect(named.filter(({ name }) => name === 'Bank question')).toHaveLength(1);
  expect(named.every(({ name }) => name.startsWith('Bank question'))).toBe(true);
  expect(new Set(clusters.map(({ name }) => name)).size).toBe(clusters.length);
  expect(asked.filter((prompt) => prompt.includes('choose a different one: "Bank question"'))).toHaveLength(named.length - 1);
  const keywords = clusters.filter(({ namedBy }) => namedBy === 'keywords');
  expect(keywords.length).toBeGreaterThan(0);
  expect(state.warnings.join()).toMatch(/have keywords instead of a name/);
});

test("a model is asked for the project whose clusters they are: each call is that project's", async () => {
  const calls = defineQuery({
    name: 'calls of the pipeline',
    sql: `SELECT count() AS n FROM ${TABLES.traces} WHERE project = {project:String} AND origin = 'pipeline'`,
    parameters: z.object({ project: z.string() }),
    row: z.object({ n: z.number() }),
  });
  await bench.record(messages(15).map((message) => callOf(message, { project: 'own' })));
  const before = bench.namer.delivered();
  await run({ name: 'own', project: 'own', naming: NAMER });
  const asked = bench.namer.delivered() - before;
  expect(asked).toBeGreaterThan(0);
  await until('they are on record', async () => (await runQuery(store(), calls, { project: 'own' }))[0]!.n === asked);
  await expect(run({ name: 'nowhere', project: 'nowhere', naming: NAMER })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('There is no project "nowhere"') as string },
  });
});

test('a model that refuses leaves clusters with keywords and a warning', async () => {
  await bench.record(messages(20).map((message) => callOf(message, { project: 'refused' })));
  bench.namer.fault = 400;
  const state = await run({ name: 'refused', project: 'refused', naming: NAMER }).finally(() => (bench.namer.fault = null));
  expect(state.status).toBe('completed');
  expect(state.warnings.join()).toMatch(/keywords instead of a name: .*400/);
  expect((await found(state)).every(({ namedBy }) => namedBy === 'keywords')).toBe(true);
});

test.each(EDGES)('%s: a sensible answer', async (name, count, text) => {
  const project = projectOf(name);
  await bench.record(Array.from({ length: count }, (_, i) => callOf({ text: text(i), label: 'x' }, { project })));
  const state = await run({ name: 'edge', project, naming: NAMER });
  const clusters = await found(state);
  expect(state.status).toBe('completed');
  expect(state.counts.assigned).toBe(count);
  if (name === 'equal prompts') {
    expect([clusters.length, clusters[0]!.texts, state.counts.texts]).toEqual([1, 1, 1]);
    expect([...(await assigned(project)).values()].every(({ outlier }) => !outlier)).toBe(true);
  }
  if (name === 'empty prompts') expect([clusters.length, state.counts.withoutText]).toEqual([0, 40]);
});
