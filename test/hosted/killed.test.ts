import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startDistil } from '../support/distil-bench.ts';
import { until } from '../support/until.ts';
import { startTestWorker } from '../support/worker.ts';
import { hostedRequest, startHostedBench } from './hosted-bench.ts';

const KILLED_AT_ANSWER = fileURLToPath(new URL('killed-at-answer.ts', import.meta.url));

let bench: Awaited<ReturnType<typeof startHostedBench>>;
let client: Client;

beforeAll(async () => {
  bench = await startHostedBench();
  client = await bench.client();
  const home = bench.folder();
  const worker = await startTestWorker({ env: bench.workerEnv(home) });
  await bench.buildDataset(client, home, 'golden', true);
  await worker.stop();
});
afterAll(() => bench?.stop());
afterEach(() => Object.assign(bench.tuner, { fate: 'succeeded' }));

const uploads = () => bench.tuner.requests.filter((asked) => asked === 'POST /v1/files').length;
const begun = () => bench.tuner.requests.filter((asked) => asked === 'POST /v1/fine_tuning/jobs').length;

/** The file's content is the same in every run here, the seed is not: what a provider has of an earlier one is taken away. */
async function killedAt(name: string, seed: number, request: [method: string, end: string]) {
  bench.tuner.files.length = 0;
  const before = { uploads: uploads(), begun: begun() };
  const env = bench.workerEnv(bench.folder());
  const first = await startTestWorker({ path: KILLED_AT_ANSWER, programArguments: request, env });
  const handle = await startDistil(client, hostedRequest(name, seed));
  expect(await first.exited).toBeNull();
  const afterKill = { uploads: uploads() - before.uploads, begun: begun() - before.begun };
  const second = await startTestWorker({ env });
  const result = await handle.result();
  await second.stop();
  const jobs = bench.tuner.jobs.filter(({ metadata }) => metadata['distillation'] === name);
  return { result, jobs, afterKill, sent: { uploads: uploads() - before.uploads, begun: begun() - before.begun } };
}

test('killed when the provider has taken a file and nobody has noted it: the file is found, not sent again', async () => {
  const { result, afterKill, sent } = await killedAt('killed-upload', 1, ['POST', '/files']);
  expect(afterKill).toEqual({ uploads: 1, begun: 0 });
  expect(result.status).toBe('completed');
  // The training file once, the validation file once.
  expect(sent).toEqual({ uploads: 2, begun: 1 });
  expect(bench.tuner.files).toHaveLength(2);
}, 300_000);

test('killed when the provider has begun the job and nobody has noted it: it is found, not paid for again', async () => {
  const { result, jobs, afterKill, sent } = await killedAt('killed-job', 2, ['POST', '/fine_tuning/jobs']);
  expect(afterKill.begun).toBe(1);
  expect(result.status).toBe('completed');
  expect(sent).toEqual({ uploads: 2, begun: 1 });
  expect(jobs).toHaveLength(1);
  expect(result.stages[2]!.summary).toMatchObject({ job: jobs[0]!.id, trainingUsd: 1.5 });
}, 300_000);

test('workers come and go while the job runs: the wait goes on by its id', async () => {
  const { tuner } = bench;
  tuner.fate = 'hold';
  const before = begun();
  const env = bench.workerEnv(bench.folder());
  const first = await startTestWorker({ env });
  const handle = await startDistil(client, hostedRequest('waiting', 3));
  const job = await until('the job runs', () =>
    tuner.jobs.find(({ metadata, status }) => metadata['distillation'] === 'waiting' && status === 'running'),
  );
  await first.kill();
  const second = await startTestWorker({ env });
  const looks = () => tuner.requests.filter((asked) => asked === `GET /v1/fine_tuning/jobs/${job.id}`).length;
  const looked = looks();
  await until('the second worker looks', () => looks() > looked, 120_000);
  await second.stop();
  tuner.fate = 'succeeded';
  const third = await startTestWorker({ env });
  const result = await handle.result();
  await third.stop();
  expect(result.stages[2]!.summary).toMatchObject({ job: job.id });
  expect(begun() - before).toBe(1);
  // A wait of any length is short in the history: what was looked at is not run again.
  const history = await handle.fetchHistory();
  const scheduled = history.events!.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  expect(scheduled.filter((name) => name === 'startTuningJob')).toHaveLength(1);
}, 300_000);
