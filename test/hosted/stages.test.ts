import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createHostedActivities } from '../../activities/hosted/hosted-activities.ts';
import type { DistilRequest, Distillation } from '../../contracts/distil.ts';
import { QUEUES, WORKFLOWS } from '../../contracts/names.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { stubDistil, stubEvaluation } from '../support/stub-activities.ts';
import { quietTemporal, startStubWorker, workflowBundle } from '../support/stub-worker.ts';
import { type TestTemporal, startTestTemporal } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { STUDENT, TUNING } from './hosted-bench.ts';
import { type MockTuningApi, startMockTuningApi } from './mock-tuning-api.ts';

let temporal: TestTemporal;
let clickhouse: TestClickHouse;
let tuner: MockTuningApi;

beforeAll(async () => {
  quietTemporal();
  [temporal, clickhouse, tuner] = await Promise.all([
    startTestTemporal(),
    startTestClickHouse(),
    startMockTuningApi(() => 'a'),
    workflowBundle(),
  ]);
});
afterAll(() => Promise.all([temporal?.stop(), clickhouse?.stop(), tuner?.stop()]));

/** The provider as the gateway would show it, without one between: what is asked there is tried elsewhere. */
const asGateway: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : input.toString();
  if (!url.endsWith('/api/targets')) return fetch(url.replace('/v1/tuning/tuner', '/v1'), init);
  const prices = { inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4, tuning: TUNING };
  return Response.json({ items: [{ target: 'tuner/small-1', kind: 'provider', ...prices, ready: true, reason: '' }] });
};

/** A run whose rows are given as `curate` leaves them; what is before and behind training is answered at once. */
async function run(name: string, rows: number, input: Partial<DistilRequest>) {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-hosted-'));
  const artifacts = openArtifactStore(join(folder, 'artifacts'));
  const gateway = { url: tuner.url, serviceKey: tuner.key, fetch: asGateway };
  const hosted = createHostedActivities({
    clickhouse: clickhouse.client,
    artifacts,
    gateway,
    temporaryFolder: join(folder, 'tmp'),
    now: Date.now,
  });
  const stub = stubDistil({ rows: { train: 0, validation: 0, test: 0 } });
  const lines = Array.from({ length: rows }, (_, i) => {
    const messages = [{ role: 'user', content: `${name} ${i} ${'long '.repeat(200)}` }];
    return JSON.stringify({
      rowId: `${i}`,
      group: `${i}`,
      split: 'train',
      messages,
      votes: { a: 1 },
      best: ['a'],
      worst: null,
      agreement: 1,
      dropped: null,
    });
  });
  const curated = { ...(await artifacts.put(`${name}.jsonl`, Buffer.from(`${lines.join('\n')}\n`))), rows };
  const curate = stub.activities['curate'] as () => Promise<object>;
  const activities = {
    ...stub.activities,
    ...hosted,
    curate: async () => ({ ...(await curate()), curated }),
    evaluateHosted: async () => ({ evaluation: stubEvaluation('worse') }),
    settleSpend: async () => ({ usd: 0, missingTraces: 0, unknownCosts: 0 }),
  };
  const worker = await startStubWorker(temporal.address, activities, null);
  let stopped: Promise<void> | undefined;
  const stop = () => (stopped ??= worker.stop());
  onTestFinished(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const handle = await worker.client.workflow.start<(given: unknown) => Promise<Distillation>>(WORKFLOWS.distil, {
    workflowId: `distil/test/${name}`,
    taskQueue: QUEUES.main,
    args: [{ dataset: 'd', name, student: STUDENT, ...input }],
  });
  return { handle, stub, stop };
}

test('a training that costs more than is left is refused before the job, to the cent', async () => {
  // 20 rows of about 1,080 bytes, twice: 0.065 dollars at most.
  const { handle, stop } = await run('dear', 20, { maxUsd: 0.06, training: { epochs: 2 } });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { type: 'cap_too_low', message: expect.stringContaining('No job was started.') as string },
  });
  expect(tuner.jobs).toEqual([]);
  // Its worker has another store, and would take the second run's work.
  await stop();
  const { handle: cheaper } = await run('cheaper', 20, { maxUsd: 0.07, training: { epochs: 2, batchRows: 4 } });
  expect((await cheaper.result()).status).toBe('completed');
  expect(tuner.jobs[0]!['method']).toEqual({ type: 'supervised', supervised: { hyperparameters: { n_epochs: 2, batch_size: 4 } } });
  // No validation row has an answer: no such file.
  expect(tuner.jobs[0]!.validation_file).toBeNull();
});

test('a provider that does not say what it trained on is taken to have trained on every byte', async () => {
  tuner.trainedTokens = null;
  const { handle } = await run('silent', 20, {});
  const result = await handle.result();
  const { bytes } = tuner.files.at(-1)!;
  expect(result.spentUsd).toBeCloseTo((bytes * 3 * TUNING.trainingUsdPerMTok) / 1e6, 9);
  expect(result.warnings.join()).toContain('does not say how many tokens');
});

test('too few rows make no job', async () => {
  const jobs = tuner.jobs.length;
  const { handle } = await run('few', 9, {});
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'dataset_too_small' } });
  expect(tuner.jobs).toHaveLength(jobs);
});

test('a run that is cancelled while its job is being begun leaves no job running', async () => {
  tuner.fate = 'hold';
  const held = Promise.withResolvers<void>();
  tuner.holdJobs = held.promise;
  const { handle, stub } = await run('hasty', 20, {});
  await until('the job is being begun', () => tuner.requests.at(-1) === 'POST /v1/fine_tuning/jobs');
  await handle.cancel();
  // The attempt is given up without having heard of its job.
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  held.resolve();
  const jobs = tuner.jobs.filter(({ metadata }) => metadata['distillation'] === 'hasty');
  expect(jobs.map(({ status }) => status)).toEqual(['cancelled']);
  expect(stub.recorded.at(-1)!.status).toBe('cancelled');
});
