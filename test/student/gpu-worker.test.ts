import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Distillation } from '../../contracts/distil.ts';
import { MESSAGES, QUEUES, WORKFLOWS } from '../../contracts/names.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { stubDistil } from '../support/stub-activities.ts';
import { quietTemporal, startStubWorker, workflowBundle } from '../support/stub-worker.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { type TestTemporal, startTestTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startTestWorker } from '../support/worker.ts';
import { scriptedTrainer, type TrainScript } from './scripted-trainer.ts';
import { trainingInput } from './training-input.ts';

let temporal: TestTemporal;
let clickhouse: TestClickHouse;

beforeAll(async () => {
  quietTemporal();
  [temporal, clickhouse] = await Promise.all([startTestTemporal(), startTestClickHouse(), workflowBundle()]);
});
afterAll(() => Promise.all([temporal?.stop(), clickhouse?.stop()]));

let names = 0;

/** A distillation of a language model: real workflow, real GPU workers, a scripted trainer, all else answered at once. */
async function distillation(scripts: TrainScript[]) {
  const name = `run-${names++}`;
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-gpu-worker-'));
  const trainer = scriptedTrainer(join(folder, 'environment'), scripts);
  mkdirSync(join(folder, 'base'));
  const artifacts = openArtifactStore(join(folder, 'artifacts'));
  const { curated } = await trainingInput(artifacts, name);
  const stub = stubDistil({ rows: { train: 0, validation: 0, test: 0 } });
  const curate = stub.activities['curate'] as () => Promise<object>;
  const activities = { ...stub.activities, curate: async () => ({ ...(await curate()), curated }) };
  const main = await startStubWorker(temporal.address, activities, null);
  const env = (address: string) => ({
    ...clickhouse.env,
    TEMPORAL_ADDRESS: address,
    STILLHOUSE_HOME: folder,
    STILLHOUSE_CONFIG: join(folder, 'none.yaml'),
    STILLHOUSE_CACHE: join(folder, 'cache'),
    STILLHOUSE_DEVICE: 'cpu',
    STILLHOUSE_LOG_LEVEL: 'warn',
    STILLHOUSE_TRAINER: trainer.folder,
    STILLHOUSE_BASE: join(folder, 'base'),
    STILLHOUSE_CONVERTERS: join(folder, 'base'),
  });
  const workers: { stop(): Promise<void> }[] = [];
  const gpuWorker = async (address = temporal.address) => {
    const worker = await startTestWorker({ program: 'gpu-worker', env: env(address) });
    workers.push(worker);
    return worker;
  };
  onTestFinished(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await main.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const handle = await main.client.workflow.start<(input: unknown) => Promise<Distillation>>(WORKFLOWS.distil, {
    workflowId: `distil/test/${name}`,
    taskQueue: QUEUES.main,
    args: [{ dataset: 'd', name, student: 'lora' }],
  });
  const trains = (event: 'started' | 'ended') => trainer.runs().filter((run) => run.command === 'train' && run.event === event);
  const checkpoints = async () => (await artifacts.list('trainings/')).filter((key) => key.endsWith('manifest.json'));
  return { handle, gpuWorker, trains, checkpoints };
}

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);

test('a cancellation ends as cancelled, after the trainer has written a checkpoint and ended', async () => {
  const { handle, gpuWorker, trains, checkpoints } = await distillation([{ checkpoints: 1, end: 'wait' }]);
  await gpuWorker();
  await until('a checkpoint is stored', async () => (await checkpoints()).length === 1);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(trains('ended')).toHaveLength(1);
  expect(isAlive(trains('started')[0]!.pid)).toBe(false);
  expect((await checkpoints()).join()).toContain('step-000015');
});

test('a worker that is shut down hands the training on with its newest step', async () => {
  const { gpuWorker, trains, checkpoints } = await distillation([
    { checkpoints: 1, end: 'wait' },
    { checkpoints: 1, end: 'wait' },
  ]);
  const first = await gpuWorker();
  await until('a checkpoint is stored', async () => (await checkpoints()).length === 1);
  await first.stop();
  expect(trains('ended')).toHaveLength(1);
  await gpuWorker();
  const second = await until('another attempt', () => trains('started')[1]);
  // It was the shutdown that failed the attempt, at once: nobody waited for a heartbeat to be missed.
  expect(second).toMatchObject({ from: 15, attempt: 2 });
});

test('a pause stops the training at a checkpoint and gives the device back; a resume goes on from it', async () => {
  const { handle, gpuWorker, trains, checkpoints } = await distillation([
    { checkpoints: 1, end: 'wait' },
    { checkpoints: 1, end: 'wait' },
  ]);
  await gpuWorker();
  await until('a checkpoint is stored', async () => (await checkpoints()).length === 1);
  await handle.executeUpdate(MESSAGES.pause);
  await until('the trainer has ended', () => trains('ended').length === 1);
  expect(await handle.query<Distillation>(MESSAGES.state)).toMatchObject({ status: 'paused', stage: 'train' });
  await handle.executeUpdate(MESSAGES.resume);
  expect(await until('another attempt', () => trains('started')[1])).toMatchObject({ from: 15, attempt: 2 });
});

test('the trainer of a worker that was killed ends by itself, and another worker goes on', async () => {
  const { gpuWorker, trains, checkpoints } = await distillation([
    { checkpoints: 2, end: 'wait' },
    { checkpoints: 1, end: 'wait' },
  ]);
  const first = await gpuWorker();
  await until('checkpoints are stored', async () => (await checkpoints()).length === 2);
  await first.kill();
  await until('its child has ended', () => !isAlive(trains('started')[0]!.pid));
  await gpuWorker();
  expect(await until('another attempt', () => trains('started')[1], 90_000)).toMatchObject({ from: 20, attempt: 2 });
});

test('a worker that is cut off from Temporal has ended its child before another attempt begins', async () => {
  const { gpuWorker, trains, checkpoints } = await distillation([
    { checkpoints: 1, end: 'ignore-signals' },
    { checkpoints: 1, end: 'wait' },
  ]);
  const proxy = await startTcpProxy(temporal.address);
  onTestFinished(() => proxy.stop());
  await gpuWorker(proxy.address);
  await until('a checkpoint is stored', async () => (await checkpoints()).length === 1);
  const { pid } = trains('started')[0]!;
  await gpuWorker();
  proxy.cut();
  let endedAt = 0;
  await until('its child is gone, though it heeds no signal', () => !isAlive(pid) && (endedAt = Date.now()), 60_000);
  const second = await until('another attempt', () => trains('started')[1], 60_000);
  expect(second.atMs).toBeGreaterThan(endedAt);
  expect(second).toMatchObject({ attempt: 2 });
});
