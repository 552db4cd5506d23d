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
import { type ClusterBench, callOf, messages, startClusterBench } from '../workflow/cluster-bench.ts';

const KILLED_WORKER = fileURLToPath(new URL('killed-worker.ts', import.meta.url));
/** Calls in flight at most: what a kill may make the run pay for again. */
const IN_FLIGHT = 8;
/** Answers that are delivered when the worker is killed amid them: more than may be lost. */
const DELIVERED = 14;
/** More names than are in flight, many of them twice, so that they are asked for again. */
const NAMES = { clusters: 24, checks: 0 };
/** More borders than are in flight. */
const CHECKS = { clusters: 24, checks: 60 };

const CASES: [stage: string, activity: string, point: string][] = [
  ['sample', 'sampleTraces', 'sample-0'],
  ['embed', 'embedSample', 'embeddings'],
  ['cluster', 'clusterSample', 'centres'],
  ['check', 'checkClusters', 'inside'],
  ['checked', 'checkClusters', 'end'],
  ['match', 'matchRun', 'end'],
  ['name', 'nameClusters', 'inside'],
  ['named', 'nameClusters', 'end'],
  ['assign', 'assignTraces', 'end'],
  ['record', 'recordClusters', 'end'],
];

const requestOf = (stage: string) => (stage.startsWith('check') ? CHECKS : NAMES);

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
async function killedRun(stage: string, activity: string, point: string) {
  const project = `killed-${stage}`;
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
      args: [{ ...requestOf(stage), project, name: 'killed', naming: `${project}/test` }],
    });
  const handle = await until('the run starts', () => start().catch(() => null));
  if (point === 'inside') {
    await until('answers are delivered', () => bench.namer.delivered(`/${project}/`) >= DELIVERED);
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

interface Reference {
  state: ClusterRun;
  clusters: Awaited<ReturnType<typeof clustersOfRun>>;
  /** Answers that were paid for. */
  paid: number;
}
const references = new Map<object, Reference>();

async function referenceRun(request: object, project: string): Promise<Reference> {
  await traffic(project);
  const client = await bench.client();
  const state = await client.workflow.execute<(input: unknown) => Promise<ClusterRun>>(WORKFLOWS.clusterTraces, {
    workflowId: workflowIds.clusterTraces(project, 'reference'),
    taskQueue: QUEUES.main,
    args: [{ ...request, project, name: 'reference', naming: `${project}/test` }],
  });
  const clusters = await clustersOfRun(bench.clickhouse.client, project, state);
  return { state, clusters, paid: bench.namer.delivered(`/${project}/`) };
}

beforeAll(async () => {
  quietTemporal();
  bench = await startClusterBench([...CASES.map(([stage]) => `killed-${stage}`), 'names', 'checks']);
  // A kill amid calls needs some of them in flight.
  bench.namer.latencyMs = (url) => (/^\/killed-(name|check)\//.test(url) ? 400 : 5);
  bundle = join(bench.folder(), 'workflow-bundle.cjs');
  writeFileSync(bundle, ((await workflowBundle()) as { code: string }).code);
  const worker = await startTestWorker({
    path: KILLED_WORKER,
    programArguments: ['none', 'end', bundle],
    env: bench.workerEnv(bench.folder()),
  });
  references.set(NAMES, await referenceRun(NAMES, 'names'));
  references.set(CHECKS, await referenceRun(CHECKS, 'checks'));
  await worker.stop();
}, 180_000);
afterAll(() => bench?.stop());

test('the reference runs are what they should be', () => {
  for (const { clusters, paid } of references.values()) {
    expect(clusters.length).toBeGreaterThan(3);
    expect(clusters.every(({ namedBy }) => namedBy === 'model')).toBe(true);
    expect(paid).toBeGreaterThanOrEqual(clusters.length);
  }
  const { counts } = references.get(CHECKS)!.state;
  expect(counts.merged).toBeGreaterThan(0);
  // Enough borders that a kill after `DELIVERED` answers is amid them.
  expect(counts.checked! + counts.merged!).toBeGreaterThan(DELIVERED + IN_FLIGHT);
});

/** All of them at once: most of each is the half minute until Temporal misses the dead worker's heartbeat. */
let runs: Promise<PromiseSettledResult<Awaited<ReturnType<typeof killedRun>>>[]>;
beforeAll(() => {
  runs = Promise.allSettled(CASES.map(([stage, activity, point]) => killedRun(stage, activity, point)));
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
    const reference = references.get(requestOf(stage))!;
    expect(words(clusters)).toEqual(words(reference.clusters));
    const { clusters: number, checked, merged, split, unchecked } = reference.state.counts;
    expect(state.counts).toMatchObject({ clusters: number, checked, merged, split, unchecked });
    expect(assigned).toMatchObject({ traces, runs: 1 });
    // No answer is paid for twice; a kill amid calls may lose what was in flight.
    const repeated = bench.namer.delivered(`/killed-${stage}/`) - reference.paid;
    expect(repeated).toBeGreaterThanOrEqual(0);
    expect(repeated).toBeLessThanOrEqual(point === 'inside' ? IN_FLIGHT : 0);
  },
  280_000,
);

/** What clusters are, whoever paid for them. */
function words(found: Reference['clusters']): object[] {
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
