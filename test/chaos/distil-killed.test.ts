import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Distillation } from '../../contracts/distil.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type DistilBench, LABELS, TEACHER, startDistil, startDistilBench } from '../support/distil-bench.ts';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { until } from '../support/until.ts';
import { startTestWorker } from '../support/worker.ts';

/** In flight at most: what a kill may make the run pay for again. */
const IN_FLIGHT = 32;
const N_SAMPLES = 2;
const KILLED_WORKER = fileURLToPath(new URL('killed-worker.ts', import.meta.url));

let bench: DistilBench;
let bundle: string;
let reference: Distillation;
let referenceHome: string;

const request = (name: string, temperature: number) => ({
  name,
  dataset: 'support',
  teacher: TEACHER,
  alias: `alias-${name}`,
  nSamples: N_SAMPLES,
  keepBest: 1,
  temperature,
  marginPoints: 10,
});

beforeAll(async () => {
  quietTemporal();
  bench = await startDistilBench({ latencyMs: 60 });
  bundle = join(bench.folder(), 'workflow-bundle.cjs');
  writeFileSync(bundle, ((await workflowBundle()) as { code: string }).code);
  referenceHome = bench.folder();
  const client = await bench.client();
  const worker = await startTestWorker({
    path: KILLED_WORKER,
    programArguments: ['none', 'end', bundle],
    env: bench.workerEnv(referenceHome),
  });
  await bench.buildDataset(client, referenceHome, 'support', true);
  reference = await (await startDistil(client, request('reference', 0.5))).result();
  await worker.stop();
}, 120_000);
afterAll(() => bench?.stop());

/** Runs a distillation in a Temporal namespace and a home of its own, whose first worker dies at the point. */
async function killedRun(name: string, temperature: number, activity: string, point: string) {
  const client: Client = await bench.client(name);
  const home = bench.folder();
  mkdirSync(home, { recursive: true });
  const env = bench.workerEnv(home, name);
  // A new namespace is known to the whole server some seconds after it was made.
  const first = await until(
    'the namespace is there',
    () => startTestWorker({ path: KILLED_WORKER, programArguments: [activity, point, bundle], env }).catch(() => null),
    60_000,
  );
  const handle = await until('the run starts', () => startDistil(client, request(name, temperature)).catch(() => null));
  if (activity === 'generateCandidates' && point === 'inside') {
    await until('some answers are delivered', () => bench.upstream.total(temperature) >= 60);
    await first.kill();
  }
  expect(await first.exited).toBeNull();
  const deliveredBefore = bench.upstream.total(temperature);
  const second = await startTestWorker({ path: KILLED_WORKER, programArguments: ['none', 'end', bundle], env });
  const result = await handle.result();
  await second.stop();
  const history = await handle.fetchHistory();
  const attempts = history
    .events!.flatMap((event) => event.activityTaskStartedEventAttributes ?? [])
    .map((started) => Number(started.attempt));
  return { result, home, deliveredBefore, attempts };
}

async function bytesOf(home: string, run: Distillation): Promise<string> {
  return (await openArtifactStore(`file:${join(home, 'artifacts')}`).get(run.curated!)).toString();
}

const CASES: [stage: string, activity: string, point: string, temperature: number][] = [
  ['generate', 'generateCandidates', 'inside', 0.61],
  ['curate', 'curate', '.jsonl', 0.62],
  ['train', 'trainEncoder', 'embeddings', 0.63],
  ['export', 'exportEncoder', '.onnx', 0.64],
  ['evaluate', 'evaluateEncoder', 'answers-', 0.65],
  ['register', 'registerStudent', 'end', 0.66],
  ['alias', 'moveAlias', 'end', 0.67],
];
/** All of them at once: most of each is the half minute until Temporal misses the dead worker's heartbeat. */
let runs: Promise<PromiseSettledResult<Awaited<ReturnType<typeof killedRun>>>[]>;
beforeAll(() => {
  runs = Promise.allSettled(
    CASES.map(([stage, activity, point, temperature]) => killedRun(`killed-${stage}`, temperature, activity, point)),
  );
});

test.each(CASES)(
  'killed inside %s, at %s:%s, it goes on and comes to the same',
  async (stage, _activity, _point, temperature) => {
    const outcome = (await runs)[CASES.findIndex(([name]) => name === stage)]!;
    if (outcome.status === 'rejected') throw outcome.reason;
    const { result, home, deliveredBefore, attempts } = outcome.value;
    expect(result.status).toBe('completed');
    // One activity was begun again, nothing else.
    expect(attempts.filter((attempt) => attempt > 1)).toHaveLength(1);

    // What was paid for again is at most what was in flight, and only where the kill met calls.
    const wanted = (reference.stages[0]!.total ?? 0) * N_SAMPLES;
    const repeated = [...bench.upstream.delivered(temperature).values()].reduce((sum, n) => sum + Math.max(0, n - N_SAMPLES), 0);
    expect(repeated).toBeLessThanOrEqual(stage === 'generate' ? IN_FLIGHT : 0);
    expect(bench.upstream.total(temperature) - repeated).toBe(wanted);
    if (stage !== 'generate') expect(deliveredBefore).toBe(wanted);

    // The same training rows, the same student, the same verdict.
    expect(await bytesOf(home, result)).toBe(await bytesOf(referenceHome, reference));
    const verdict = ({ evaluation }: Distillation) => ({
      ...evaluation,
      teacher: evaluation?.teacher.correct,
      student: evaluation?.student.correct,
      answers: evaluation?.answers?.sha256,
    });
    expect(verdict(result)).toEqual(verdict(reference));
    expect(result.student).toBe(`student/killed-${stage}`);
    expect(result.aliasMoved).toMatchObject({ alias: `alias-killed-${stage}`, after: `student/killed-${stage}`, version: 1 });
    console.log(`killed inside ${stage}: ${repeated} answers paid again, 1 activity begun again`);
  },
  280_000,
);

test('the reference run is what it should be', () => {
  expect(reference).toMatchObject({
    status: 'completed',
    evaluation: { reference: 'gold' },
    usedGold: false,
    student: 'student/reference',
  });
  expect(reference.evaluation!.perLabel.map(({ label }) => label).sort()).toEqual(LABELS);
  expect(bench.upstream.total(0.5)).toBe((reference.stages[0]!.total ?? 0) * N_SAMPLES);
});
