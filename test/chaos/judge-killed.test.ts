import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import type { InspectionCard } from '../../contracts/dataset-inspection.ts';
import { QUEUES, TABLES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { defineQuery, runQuery } from '../../store/clickhouse/query.ts';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { until } from '../support/until.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { type JudgeBench, startJudgeBench } from '../workflow/judge-bench.ts';

const KILLED_WORKER = fileURLToPath(new URL('killed-worker.ts', import.meta.url));
const ROWS = 100;
/** Calls in flight at most: what a kill may make the run pay for again. */
const CONCURRENCY = 6;
/** Answers that are delivered when the worker is killed amid them: more than may be lost. */
const DELIVERED = 25;

const CASES: [stage: string, activity: string, point: string][] = [
  ['recorded', 'recordJudgement', 'end'],
  ['planned', 'planJudgement', 'end'],
  ['asking', 'judgeRows', 'inside'],
  ['judged', 'judgeRows', 'end'],
];

let bench: JudgeBench;
let bundle: string;

const VERDICTS = defineQuery({
  name: 'stored verdicts',
  sql: `SELECT count() AS rows, uniqExact(row_id) AS judged, countIf(verdict = 'drop') AS dropped FROM ${TABLES.datasetVerdicts} WHERE project = {project:String}`,
  parameters: z.object({ project: z.string() }),
  row: z.object({ rows: z.number(), judged: z.number(), dropped: z.number() }),
});

const SUSPICIONS = defineQuery({
  name: 'stored suspicions',
  sql: `SELECT count() AS rows, uniqExact(row_id) AS ids, round(sum(suspicion), 3) AS sum FROM ${TABLES.datasetSuspicions} WHERE project = {project:String}`,
  parameters: z.object({ project: z.string() }),
  row: z.object({ rows: z.number(), ids: z.number(), sum: z.number() }),
});

async function workerOf(project: string, home: string, activity: string, point: string): Promise<TestWorker> {
  const env = bench.workerEnv(home, project);
  // A new namespace is known to the whole server some seconds after it was made.
  const start = () => startTestWorker({ path: KILLED_WORKER, programArguments: [activity, point, bundle], env });
  return until('the namespace is there', () => start().catch(() => null), 60_000);
}

async function buildWith(client: Client, project: string, home: string): Promise<void> {
  const builder = await workerOf(project, home, 'none', 'end');
  const build = () =>
    bench.build(client, home, project, ROWS).then(
      () => true,
      () => null,
    );
  await until('the dataset is built', build, 60_000);
  await builder.stop();
}

/** A run whose worker dies at the point, in a Temporal namespace and a home of its own. */
async function killedRun(project: string, activity: string, point: string) {
  const client = await bench.client(project);
  const home = bench.folder();
  mkdirSync(home, { recursive: true });
  await buildWith(client, project, home);
  const first = await workerOf(project, home, activity, point);
  const handle = await bench.start(client, project, { model: `${project}/test`, concurrency: CONCURRENCY });
  if (point === 'inside') {
    await until('answers are delivered', () => bench.judge.delivered(`/${project}/`) >= DELIVERED);
    await first.kill();
  }
  expect(await first.exited).toBeNull();
  const second = await workerOf(project, home, 'none', 'end');
  const state = await handle.result();
  await second.stop();
  const [verdicts] = await runQuery(bench.clickhouse.client, VERDICTS, { project });
  return { state, verdicts };
}

/** An inspection whose worker dies: with its vectors kept, with what it found published and no row stored, at its end. */
const INSPECTED = ['embeddings', 'found', 'end'];

async function killedInspection(project: string, point: string) {
  const client = await bench.client(project);
  const home = bench.folder();
  mkdirSync(home, { recursive: true });
  await buildWith(client, project, home);
  const first = await workerOf(project, home, 'inspectRows', point);
  const handle = await client.workflow.start<(input: unknown) => Promise<InspectionCard>>(WORKFLOWS.inspectDataset, {
    workflowId: workflowIds.inspectDataset(project, 'parity', 1),
    taskQueue: QUEUES.main,
    args: [{ project, dataset: 'parity', version: 1 }],
  });
  expect(await first.exited).toBeNull();
  const second = await workerOf(project, home, 'none', 'end');
  const card = await handle.result();
  await second.stop();
  const [stored] = await runQuery(bench.clickhouse.client, SUSPICIONS, { project });
  return { card, stored };
}

let inspections: Promise<PromiseSettledResult<Awaited<ReturnType<typeof killedInspection>>>[]>;
let runs: Promise<PromiseSettledResult<Awaited<ReturnType<typeof killedRun>>>[]>;
beforeAll(async () => {
  quietTemporal();
  bench = await startJudgeBench(CASES.map(([stage]) => `killed-${stage}`));
  // A kill amid calls needs some of them in flight.
  bench.judge.latencyMs = (url) => (url.startsWith('/killed-asking/') ? 300 : 5);
  bundle = join(bench.folder(), 'workflow-bundle.cjs');
  writeFileSync(bundle, ((await workflowBundle()) as { code: string }).code);
  // All of them at once: most of each is the half minute until Temporal misses the dead worker's heartbeat.
  runs = Promise.allSettled(CASES.map(([stage, activity, point]) => killedRun(`killed-${stage}`, activity, point)));
  inspections = Promise.allSettled(INSPECTED.map((point) => killedInspection(`inspect-${point}`, point)));
}, 180_000);
afterAll(() => bench?.stop());

test.each(CASES)(
  'killed when %s, it goes on, has every verdict once and pays for none twice',
  async (stage, _activity, point) => {
    const outcome = (await runs)[CASES.findIndex(([name]) => name === stage)]!;
    if (outcome.status === 'rejected') throw outcome.reason;
    const { state, verdicts } = outcome.value;
    expect(state).toMatchObject({ status: 'completed', counts: { rows: ROWS, judged: 96, dropped: 10, unparsed: 4, unasked: 0 } });
    expect(verdicts).toEqual({ rows: 96, judged: 96, dropped: 10 });
    const repeated = bench.judge.delivered(`/killed-${stage}/`) - ROWS;
    expect(repeated).toBeGreaterThanOrEqual(0);
    expect(repeated).toBeLessThanOrEqual(point === 'inside' ? CONCURRENCY : 0);
  },
  280_000,
);

test('an inspection that is killed comes to the same wherever it was, with every row once', async () => {
  const found = (await inspections).map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  for (const { card, stored } of found) {
    expect(card).toEqual(found[0]!.card);
    expect(stored).toEqual({ rows: ROWS, ids: ROWS, sum: found[0]!.stored!.sum });
  }
}, 280_000);
