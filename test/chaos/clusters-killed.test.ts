import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { ClusterRun } from '../../contracts/clusters.ts';
import { QUEUES, TABLES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { defineQuery, runQuery } from '../../store/clickhouse/query.ts';
import { clustersOfRun } from '../../store/clickhouse/clusters.ts';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { until } from '../support/until.ts';
import { startTestWorker } from '../support/worker.ts';
import { type ClusterBench, NAMER, callOf, messages, startClusterBench } from '../workflow/cluster-bench.ts';

const KILLED_WORKER = fileURLToPath(new URL('killed-worker.ts', import.meta.url));
/** Calls in flight at most: what a kill may make the run pay for again. */
const IN_FLIGHT = 8;
/** Names that are delivered when the worker is killed amid them: more than may be lost. */
const DELIVERED = 14;
/** More names than are in flight, many of them twice, so that they are asked for again. */
const REQUEST = { clusters: 24 };

const CASES: [stage: string, activity: string, point: string][] = [
  ['sample', 'sampleTraces', 'sample-0'],
  ['embed', 'embedSample', 'embeddings'],
  ['cluster', 'clusterSample', 'centres'],
  ['match', 'matchRun', 'end'],
  ['name', 'nameClusters', 'inside'],
  ['named', 'nameClusters', 'end'],
  ['assign', 'assignTraces', 'end'],
  ['record', 'recordClusters', 'end'],
];

let bench: ClusterBench;
let bundle: string;

/** Calls of a project of its own. */
async function traffic(project: string): Promise<number> {
  const rows = await bench.record(messages(45).map((message) => callOf(message, { project })));
  return rows.length;
}

const ASSIGNED = defineQuery({
  name: 'assigned traces',
  sql: `SELECT count() AS rows, uniqExact(trace_id) AS traces, uniqExact(run_id) AS runs FROM ${TABLES.traceClusters} WHERE project = {project:String}`,
  parameters: z.object({ project: z.string() }),
  row: z.object({ rows: z.number(), traces: z.number(), runs: z.number() }),
});

/** A run whose first worker dies at the point, in a Temporal namespace and a home of its own. */
async function killedRun(project: string, activity: string, point: string) {
  const traces = await traffic(project);
  const client = await bench.client(project);
  const home = bench.folder();
  mkdirSync(home, { recursive: true });
  const env = bench.workerEnv(home, project);
  // A new namespace is known to the whole server some seconds after it was made.
  const first = await until(
    'the namespace is there',
    () => startTestWorker({ path: KILLED_WORKER, programArguments: [activity, point, bundle], env }).catch(() => null),
    60_000,
  );
  const start = () =>
    client.workflow.start<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
      workflowId: workflowIds.clusterTraces(project, 'killed'),
      taskQueue: QUEUES.main,
      args: [{ ...REQUEST, project, name: 'killed', naming: `${project}/test` }],
    });
  const handle = await until('the run starts', () => start().catch(() => null));
  if (point === 'inside') {
    await until('names are delivered', () => bench.namer.delivered(`/${project}/`) >= DELIVERED);
    await first.kill();
  }
  expect(await first.exited).toBeNull();
  const second = await startTestWorker({ path: KILLED_WORKER, programArguments: ['none', 'end', bundle], env });
  const state = await handle.result();
  await second.stop();
  const history = await handle.fetchHistory();
  const attempts = history.events!.flatMap((event) => Number(event.activityTaskStartedEventAttributes?.attempt ?? 1));
  const clusters = await clustersOfRun(bench.clickhouse.client, project, state);
  const [assigned] = await runQuery(bench.clickhouse.client, ASSIGNED, { project });
  return { state, clusters, assigned, traces, again: attempts.filter((attempt) => attempt > 1).length };
}

let reference: Awaited<ReturnType<typeof clustersOfRun>>;
let names: number;

beforeAll(async () => {
  quietTemporal();
  bench = await startClusterBench(CASES.map(([stage]) => `killed-${stage}`));
  // A kill amid calls needs some of them in flight.
  bench.namer.latencyMs = (url) => (url.startsWith('/killed-name/') ? 400 : 5);
  bundle = join(bench.folder(), 'workflow-bundle.cjs');
  writeFileSync(bundle, ((await workflowBundle()) as { code: string }).code);
  const client = await bench.client();
  await traffic('reference');
  const worker = await startTestWorker({
    path: KILLED_WORKER,
    programArguments: ['none', 'end', bundle],
    env: bench.workerEnv(bench.folder()),
  });
  const state = await client.workflow.execute<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
    workflowId: workflowIds.clusterTraces('reference', 'reference'),
    taskQueue: QUEUES.main,
    args: [{ ...REQUEST, project: 'reference', name: 'reference', naming: NAMER }],
  });
  await worker.stop();
  reference = await clustersOfRun(bench.clickhouse.client, 'reference', state);
  names = bench.namer.delivered();
}, 180_000);
afterAll(() => bench?.stop());

test('the reference run is what it should be', () => {
  expect(reference.length).toBeGreaterThan(3);
  expect(reference.every(({ namedBy }) => namedBy === 'model')).toBe(true);
  expect(names).toBeGreaterThanOrEqual(reference.length);
});

/** All of them at once: most of each is the half minute until Temporal misses the dead worker's heartbeat. */
let runs: Promise<PromiseSettledResult<Awaited<ReturnType<typeof killedRun>>>[]>;
beforeAll(() => {
  runs = Promise.allSettled(CASES.map(([stage, activity, point]) => killedRun(`killed-${stage}`, activity, point)));
});

test.each(CASES)(
  'killed in %s, it goes on and comes to the same',
  async (stage, _activity, point) => {
    const outcome = (await runs)[CASES.findIndex(([name]) => name === stage)]!;
    if (outcome.status === 'rejected') throw outcome.reason;
    const { state, clusters, assigned, traces, again } = outcome.value;
    expect(state.status).toBe('completed');
    // One activity was begun again, nothing else.
    expect(again).toBe(1);
    expect(words(clusters)).toEqual(words(reference));
    expect(assigned).toMatchObject({ traces, runs: 1 });
    // No name is paid for twice; a kill amid calls may lose what was in flight.
    const repeated = bench.namer.delivered(`/killed-${stage}/`) - names;
    expect(repeated).toBeGreaterThanOrEqual(0);
    expect(repeated).toBeLessThanOrEqual(point === 'inside' ? IN_FLIGHT : 0);
  },
  280_000,
);

/** What clusters are, whoever paid for them. */
function words(found: typeof reference): object[] {
  return found
    .map(({ name, namedBy, keywords, texts, coherence, similarity, centre }) => ({
      name,
      namedBy,
      keywords,
      texts,
      coherence,
      similarity,
      centre,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
