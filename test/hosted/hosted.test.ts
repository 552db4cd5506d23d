import type { Client } from '@temporalio/client';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Distillation } from '../../contracts/distil.ts';
import { HostedManifest } from '../../contracts/hosted.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { distillationEventsAfter, readDistillation } from '../../store/clickhouse/distillations.ts';
import { versionsOf } from '../../store/clickhouse/state-versions.ts';
import { trainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { startDistil } from '../support/distil-bench.ts';
import { updateRegistry } from '../support/registry-client.ts';
import { until } from '../support/until.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { STUDENT, hostedRequest, startHostedBench } from './hosted-bench.ts';
import { TRAINED_TOKENS } from './mock-tuning-api.ts';

let bench: Awaited<ReturnType<typeof startHostedBench>>;
let worker: TestWorker;
let client: Client;
let home: string;

beforeAll(async () => {
  bench = await startHostedBench();
  client = await bench.client();
  home = bench.folder();
  worker = await startTestWorker({ env: bench.workerEnv(home) });
  // The gateway's snapshot counts the registry's first version as known.
  await updateRegistry(client, 'default', MESSAGES.ensure, {});
  await bench.buildDataset(client, home, 'golden', true);
});
afterAll(async () => {
  await worker?.stop();
  await bench?.stop();
});
afterEach(() => Object.assign(bench.tuner, { fate: 'succeeded', refuseFiles: null, cutNext: null }));

/** The recorded state of a run that fails. */
async function failed(request: ReturnType<typeof hostedRequest>): Promise<Distillation> {
  await expect((await startDistil(client, request)).result()).rejects.toThrow();
  return (await readDistillation(bench.clickhouse.client, 'default', request.name))!;
}
const usdOfAnswers = (n: number) => (n * (20 * 0.2 + 4 * 0.8)) / 1e6;

test('a provider tunes the student, keeps it and serves it; the alias moves to it', async () => {
  const { tuner } = bench;
  const result = await (await startDistil(client, hostedRequest('tuned', 1, { alias: 'smart' }))).result();
  expect(result).toMatchObject({ status: 'completed', error: null, student: 'student/tuned' });
  // The plan's two remarks on the test split, and no spend that is unknown.
  expect(result.warnings).toHaveLength(2);
  expect(result.evaluation).toMatchObject({ decision: 'not_worse', student: { accuracy: 1 } });
  expect(result.aliasMoved).toMatchObject({ alias: 'smart', after: 'student/tuned' });
  const trained = {
    job: 'ftjob-1',
    model: expect.stringMatching(/^ft:small-1:acme:stillhouse-/) as string,
    trainedTokens: TRAINED_TOKENS,
    trainingUsd: 1.5,
  };
  expect(result.stages[2]).toMatchObject({ stage: 'train', status: 'done', summary: trained });

  // What was sent: two files of examples, one job.
  expect(tuner.files.map(({ filename }) => filename)).toEqual([
    expect.stringMatching(/^stillhouse-[0-9a-f]{64}\.jsonl$/),
    expect.anything(),
  ]);
  const examples = tuner.files[0]!.content.trimEnd().split('\n');
  expect(examples).toHaveLength(result.stages[1]!.summary['trainRows'] as number);
  expect(tuner.jobs).toHaveLength(1);
  expect(tuner.jobs[0]).toMatchObject({ training_file: 'file-1', validation_file: 'file-2', metadata: { distillation: 'tuned' } });

  // Every answer of the tuned model is paid for at the price of its tuning, once; one more had it warmed.
  expect(tuner.answered).toBe(result.evaluation!.n + 1);
  expect(result.spentUsd).toBeCloseTo(bench.upstream.usd() + 1.5 + usdOfAnswers(tuner.answered), 9);
  expect(result.evaluation!.student.usdPer1k).toBeCloseTo(1000 * usdOfAnswers(1), 9);

  const [registered] = await versionsOf(bench.clickhouse.client, 'default', 'student', 'tuned');
  const model = tuner.jobs[0]!.fine_tuned_model!;
  expect(registered!.value).toMatchObject({ kind: 'hosted', hosted: { provider: 'tuner', model, base: 'small-1' }, base: null });
  const { manifest: ref } = registered!.value as { manifest: { key: string; sha256: string; bytes: number } };
  const manifest = HostedManifest.parse(JSON.parse((await openArtifactStore(`file:${join(home, 'artifacts')}`).get(ref)).toString()));
  expect(manifest).toMatchObject({
    provider: 'tuner',
    base: 'small-1',
    model,
    jobId: 'ftjob-1',
    settings: { epochs: 3, batchRows: null, seed: 1 },
  });

  // The job's own sentences and measurements.
  const events = await distillationEventsAfter(bench.clickhouse.client, 'default', 'tuned', 0);
  const said = events.map(({ message }) => message);
  for (const sentence of ['tuner: Created fine-tuning job', 'tuner: Fine-tuning job started', 'tuner: The job has successfully completed'])
    expect(said.filter((message) => message === sentence)).toHaveLength(1);
  const points = await trainingPoints(bench.clickhouse.client, 'default', 'tuned');
  expect(points.map(({ step, totalSteps, terms }) => [step, totalSteps, terms['loss']])).toEqual([
    [10, 20, 0.7],
    [20, 20, 0.2],
  ]);

  // An app gets its answer and its price.
  const asked = { model: 'student/tuned', messages: [{ role: 'user', content: 'Where is my card?' }] };
  const answer = await bench.gateway.post(asked);
  expect(answer.status).toBe(200);
  expect(Number(answer.headers.get('x-stillhouse-cost-usd'))).toBeCloseTo(usdOfAnswers(1), 12);

  // The same training again, by another name: nothing is sent, begun or paid.
  const again = await (await startDistil(client, hostedRequest('tuned-again', 1))).result();
  expect(again).toMatchObject({ status: 'completed', spentUsd: 0 });
  expect(again.stages[2]!.summary).toMatchObject({ job: 'ftjob-1', trainingUsd: 0, paidBy: 'an earlier run' });
  expect([tuner.files.length, tuner.jobs.length]).toEqual([2, 1]);
}, 280_000);

test('a job whose answer was lost is found again, not begun again', async () => {
  const { tuner } = bench;
  const before = tuner.jobs.length;
  tuner.cutNext = 'POST /v1/fine_tuning/jobs';
  const result = await (await startDistil(client, hostedRequest('cut', 2))).result();
  expect(result.status).toBe('completed');
  expect(tuner.cutNext).toBeNull();
  expect(tuner.jobs.slice(before).map(({ metadata }) => metadata['distillation'])).toEqual(['cut']);
});

test('a job that fails ends the run with the reason of the provider, and its files stay', async () => {
  bench.tuner.fate = 'failed';
  const state = await failed(hostedRequest('bad-job', 3));
  expect(state).toMatchObject({ status: 'failed', stage: 'train' });
  expect(state.error).toMatch(
    /^The job ftjob-\d+ at provider "tuner" failed: The job failed due to an invalid training file\. Line 7 is no example\.$/,
  );
  // Nothing was trained: nothing is charged. Begun anew, it is a job of its own.
  expect(state.spentUsd).toBe(0);
  bench.tuner.fate = 'succeeded';
  const jobs = bench.tuner.jobs.length;
  expect((await (await startDistil(client, hostedRequest('bad-job', 3))).result()).status).toBe('completed');
  expect(bench.tuner.jobs).toHaveLength(jobs + 1);
});

test('a job that somebody cancels at the provider ends the run', async () => {
  bench.tuner.fate = 'cancelled';
  const state = await failed(hostedRequest('cancelled-there', 4));
  expect(state.error).toMatch(/^The job ftjob-\d+ was cancelled at provider "tuner"; this run did not ask for it\.$/);
});

test('a file that the provider refuses ends the run before any job', async () => {
  const jobs = bench.tuner.jobs.length;
  bench.tuner.refuseFiles = 'Invalid file format. Line 3 is not JSON.';
  // Gold answers differ from the teacher's where it is wrong: the provider has no such file yet.
  const state = await failed(hostedRequest('bad-file', 5, { useGold: true }));
  expect(state).toMatchObject({ status: 'failed', stage: 'train' });
  expect(state.error).toBe('Provider "tuner" refused a training file: Invalid file format. Line 3 is not JSON.');
  expect(bench.tuner.jobs).toHaveLength(jobs);
});

test('a run that is cancelled cancels its job; one that is paused leaves it alone', async () => {
  const { tuner } = bench;
  tuner.fate = 'hold';
  const handle = await startDistil(client, hostedRequest('stopped', 6));
  const job = await until('the job runs', () =>
    tuner.jobs.find(({ metadata, status }) => metadata['distillation'] === 'stopped' && status === 'running'),
  );
  await handle.executeUpdate(MESSAGES.pause);
  await until('it is paused', async () => (await handle.query<Distillation>(MESSAGES.state)).status === 'paused');
  expect(job.status).toBe('running');
  await handle.executeUpdate(MESSAGES.resume);
  const looked = () => tuner.requests.filter((asked) => asked === `GET /v1/fine_tuning/jobs/${job.id}`).length;
  const before = looked();
  await until('it is looked at again', () => looked() > before);
  await handle.cancel();
  await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
  expect((await handle.describe()).status.name).toBe('CANCELLED');
  expect(job.status).toBe('cancelled');
  expect(tuner.jobs.filter(({ metadata }) => metadata['distillation'] === 'stopped')).toHaveLength(1);
  const state = (await readDistillation(bench.clickhouse.client, 'default', 'stopped'))!;
  expect(state.status).toBe('cancelled');
  expect(state.warnings.join()).toContain(`may charge for what the job ${job.id} has trained on`);
});

test('what can not be paid for is refused before the teacher is asked', async () => {
  const { tuner, upstream } = bench;
  const before = [upstream.total(0.77), tuner.jobs.length];
  const capped = await failed(hostedRequest('no-cap', 7, { temperature: 0.77, maxUsd: 0.05 }));
  expect(capped.error).toMatch(
    /^maxUsd: the cap is \$0\.0500, but the training can cost \$0\.\d+ \(\d+ bytes, each a token at most, 3 epochs\)/,
  );
  const unpriced = await failed(hostedRequest('no-price', 7, { temperature: 0.77, student: 'hosted/tuner/unpriced-1' }));
  expect(unpriced.error).toContain('models[].tuning {trainingUsdPerMTok, inputUsdPerMTok, outputUsdPerMTok} of "unpriced-1"');
  expect(unpriced.error).toContain(`Known are: ${STUDENT}`);
  const unknown = await failed(hostedRequest('no-provider', 7, { temperature: 0.77, student: 'hosted/nobody/small-1' }));
  expect(unknown.error).toContain('what tuning "nobody/small-1" costs is not known');
  expect([upstream.total(0.77), tuner.jobs.length]).toEqual(before);
});
