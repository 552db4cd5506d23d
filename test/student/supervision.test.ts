import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { CheckpointMirror } from '../../activities/student/checkpoint-mirror.ts';
import { claimAttempt } from '../../activities/student/claim-attempt.ts';
import type { StudentDeps } from '../../activities/student/student-deps.ts';
import { superviseTraining } from '../../activities/student/supervise-training.ts';
import { TRAINER_SOURCE } from '../../activities/student/training.ts';
import { TrainingTroubles } from '../../activities/student/training-troubles.ts';
import { createLogger } from '../../platform/logger.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { trainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { scriptedTrainer, type TrainScript } from './scripted-trainer.ts';
import { trainingInput } from './training-input.ts';

let clickhouse: TestClickHouse;
beforeAll(async () => void (clickhouse = await startTestClickHouse()));
afterAll(() => clickhouse?.stop());

const log = createLogger('test', 'error');

/** A training of scripted trainers in folders of its own. */
async function training(name: string, scripts: TrainScript[]) {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-supervision-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const artifacts = openArtifactStore(join(folder, 'artifacts'));
  const trainer = scriptedTrainer(join(folder, 'environment'), scripts);
  const folders = { trainingFolder: folder, temporaryFolder: join(folder, 'tmp'), modelFolder: folder, lockFolder: folder };
  const deps = { artifacts, clickhouse: clickhouse.client, log, ...folders } as unknown as StudentDeps;
  const input = await trainingInput(artifacts, name);
  const work = join(folder, 'work');
  const mirror = new CheckpointMirror(artifacts, 'trainings/t', join(work, 'checkpoints'), log);
  const program = {
    python: join(trainer.folder, 'bin', 'python'),
    source: TRAINER_SOURCE,
    temporaryFolder: folders.temporaryFolder,
    env: {},
    log,
  };
  const stop = new AbortController();
  const run = async () => {
    const troubles = new TrainingTroubles(artifacts, 'trainings/t');
    await troubles.load();
    const base = { ...input.checked.base, folder, longestRowTokens: 20, warnings: [] };
    const pulse = { attempt: await claimAttempt(artifacts, 'trainings/t'), signal: stop.signal, progress: () => undefined };
    return superviseTraining({ deps, program, base, input, folder: work, mirror, troubles }, pulse);
  };
  const trains = () => trainer.runs().filter(({ event }) => event === 'started');
  return { run, trains, runs: trainer.runs, mirror, artifacts, work, stop };
}

test('out of memory: half the rows a pass, from the newest checkpoint', async () => {
  const { run, trains } = await training('memory', [
    { checkpoints: 1, end: 'out_of_memory' },
    { checkpoints: 0, end: 'out_of_memory' },
    { checkpoints: 1, end: 'done' },
  ]);
  const outcome = await run();
  expect(trains().map(({ microBatchRows, from }) => [microBatchRows, from])).toEqual([
    [8, 0],
    [4, 10],
    [2, 10],
  ]);
  expect(outcome).toMatchObject({ microBatchRows: 2, rateFactor: 1, done: { step: 20 } });
});

test('a step that is not finite: back one checkpoint at half the rate, once', async () => {
  const first = await training('finite', [
    { checkpoints: 2, end: 'non_finite' },
    { checkpoints: 1, end: 'done' },
  ]);
  await first.run();
  expect(first.trains().map(({ rateFactor, from }) => [rateFactor, from])).toEqual([
    [1, 0],
    [0.5, 10],
  ]);
  const again = await training('finite-twice', [{ checkpoints: 2, end: 'non_finite' }]);
  await expect(again.run()).rejects.toMatchObject({ retryable: false, message: expect.stringContaining('not finite again, at half') });
  expect(again.trains()).toHaveLength(2);
});

test('three ends without a newer checkpoint are the last; another worker knows of those before', async () => {
  const { run, trains } = await training('stuck', [
    { checkpoints: 1, end: 'crash' },
    { checkpoints: 1, end: 'crash' },
    { checkpoints: 0, end: 'crash' },
    { checkpoints: 0, end: 'crash' },
  ]);
  await expect(run()).rejects.toMatchObject({
    retryable: false,
    message: expect.stringMatching(/^Three attempts ended without a newer checkpoint/),
  });
  expect(trains().map(({ from }) => from)).toEqual([0, 10, 20, 20]);
  // The next attempt, wherever it runs, finds them and gives up after one more.
  await expect(run()).rejects.toMatchObject({ retryable: false });
  expect(trains()).toHaveLength(5);
});

test('another trainer on the device is waited for', async () => {
  const { run, trains } = await training('busy', [
    { checkpoints: 0, end: 'device_busy' },
    { checkpoints: 1, end: 'done' },
  ]);
  await run();
  expect(trains()).toHaveLength(2);
});

test('asked to stop, it writes a checkpoint, which is in the store before the attempt has ended', async () => {
  const { run, runs, stop, artifacts } = await training('stop', [{ checkpoints: 1, end: 'wait' }]);
  const running = run();
  await until('it trains', () => runs().length > 0 && runs()[0]!.event === 'started');
  await until('its checkpoint is stored', async () => (await artifacts.list('trainings/t/checkpoints/')).length > 0);
  stop.abort(new Error('stopped'));
  await expect(running).rejects.toThrow('stopped');
  expect(runs().at(-1)!.event).toBe('ended');
  expect((await artifacts.list('trainings/t/checkpoints/step-000015-attempt-1/')).map((key) => key.split('/').at(-1))).toEqual([
    'manifest.json',
    'weights.txt',
  ]);
});

test('a child that does not heed SIGTERM is killed, and the attempt ends after it', async () => {
  const { run, runs, stop, artifacts } = await training('deaf', [{ checkpoints: 1, end: 'ignore-signals' }]);
  const running = run();
  await until('its checkpoint is stored', async () => (await artifacts.list('trainings/t/checkpoints/')).length > 0);
  const { pid } = runs()[0]!;
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  stop.abort(new Error('stopped'));
  await expect(running).rejects.toThrow('stopped');
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(runs()).toHaveLength(1);
});

test('what a training measured is in ClickHouse, the last attempt of a step only', async () => {
  const { run } = await training('points', [
    { checkpoints: 2, end: 'out_of_memory' },
    { checkpoints: 1, end: 'done' },
  ]);
  await run();
  const points = await until('points', async () => {
    const found = await trainingPoints(clickhouse.client, 'default', 'points');
    return found.length === 3 && found;
  });
  expect(points.map(({ step, terms }) => [step, terms['loss']])).toEqual([
    [10, 0.1],
    [20, 0.05],
    [30, 1 / 30],
  ]);
});

test('another machine goes on from the newest complete checkpoint of the store, and passes over a damaged one', async () => {
  const { run, mirror, artifacts, work, trains } = await training('moved', [
    { checkpoints: 3, end: 'crash' },
    { checkpoints: 1, end: 'done' },
  ]);
  // One that a kill left without its manifest does not count.
  await artifacts.put('trainings/t/checkpoints/step-000090-attempt-7/weights.txt', Buffer.from('half'));
  await expect(
    (async () => {
      await mirror.publish(await oneCheckpoint(work, 40));
      rmSync(work, { recursive: true, force: true });
      return mirror.restore();
    })(),
  ).resolves.toBe(40);
  // The newest of the store is damaged: the one before.
  await mirror.publish(await oneCheckpoint(work, 50));
  rmSync(work, { recursive: true, force: true });
  const damaged = artifacts.url.replace('file://', '') + '/trainings/t/checkpoints/step-000050-attempt-1/weights.txt';
  writeFileSync(damaged, 'other weights');
  await expect(mirror.restore()).resolves.toBe(40);
  expect(readdirSync(join(work, 'checkpoints'))).toEqual(['step-000040-attempt-1']);
  await run();
  expect(trains()[0]!.from).toBe(40);
});

/** Writes a checkpoint as the trainer does. */
async function oneCheckpoint(work: string, step: number): Promise<string> {
  const { createHash } = await import('node:crypto');
  const { mkdirSync } = await import('node:fs');
  const path = join(work, 'checkpoints', `step-${String(step).padStart(6, '0')}-attempt-1`);
  mkdirSync(path, { recursive: true });
  const weights = `weights of ${step}`;
  writeFileSync(join(path, 'weights.txt'), weights);
  const files = { 'weights.txt': { bytes: weights.length, sha256: createHash('sha256').update(weights).digest('hex') } };
  writeFileSync(join(path, 'manifest.json'), JSON.stringify({ step, files }));
  return path;
}
