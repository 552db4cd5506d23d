import type { Client } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DistilRequest, Distillation } from '../../contracts/distil.ts';
import { distillationEventsAfter, readDistillation } from '../../store/clickhouse/distillations.ts';
import { type DistilBench, TEACHER, startDistil, startDistilBench } from '../support/distil-bench.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';

let bench: DistilBench;
let workers: TestWorker[] = [];
let client: Client;

beforeAll(async () => {
  bench = await startDistilBench();
  client = await bench.client();
  const home = bench.folder();
  const env = bench.workerEnv(home);
  workers = await Promise.all([startTestWorker({ env }), startTestWorker({ program: 'gpu-worker', env })]);
  await bench.buildDataset(client, home, 'plain', false);
  await bench.buildDataset(client, home, 'golden', true);
}, 120_000);
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await bench?.stop();
});
afterEach(() => {
  bench.upstream.fault = null;
});

const request = (name: string, temperature: number, more: Partial<DistilRequest> = {}) => ({
  name,
  dataset: 'golden',
  teacher: TEACHER,
  nSamples: 2,
  keepBest: 1,
  temperature,
  marginPoints: 10,
  ...more,
});
const run = async (given: ReturnType<typeof request>): Promise<Distillation> => (await startDistil(client, given)).result();
/** The recorded state of a run that fails. */
async function failed(given: ReturnType<typeof request>): Promise<Distillation> {
  const handle = await startDistil(client, given);
  await expect(handle.result()).rejects.toThrow();
  return (await readDistillation(bench.clickhouse.client, 'default', given.name))!;
}

test('without gold the test rows get fresh references, and the spend is what the teacher delivered', async () => {
  const before = bench.upstream.usd();
  const result = await run(request('fresh', 0.71, { dataset: 'plain' }));
  expect(result).toMatchObject({
    status: 'completed',
    evaluation: { reference: 'teacher-majority' },
    warnings: expect.arrayContaining([]) as string[],
  });
  expect(bench.upstream.total(0.71)).toBe(180 * 2);
  expect(result.spentUsd).toBeCloseTo(bench.upstream.usd() - before, 9);
  expect(await readDistillation(bench.clickhouse.client, 'default', 'fresh')).toEqual(result);
  const events = await distillationEventsAfter(bench.clickhouse.client, 'default', 'fresh', 0);
  expect(events.map((event) => event.sequence)).toEqual(events.map((_, i) => i + 1));
  expect(events.at(-1)).toMatchObject({ kind: 'completed' });

  // The same teacher, prompts and sampling: everything is there already.
  const again = await run(request('fresh-again', 0.71, { dataset: 'plain', alias: 'smart' }));
  expect(again).toMatchObject({ status: 'completed', spentUsd: 0 });
  expect(bench.upstream.total(0.71)).toBe(180 * 2);
  expect(again.evaluation!.student.accuracy).toBe(result.evaluation!.student.accuracy);
});

test('a teacher that is throttled and stumbles is asked again, less at a time', async () => {
  bench.upstream.fault = (call) => (call % 7 === 0 ? 429 : call % 11 === 0 ? 500 : null);
  const result = await run(request('stumbling', 0.72, { until: 'curate' }));
  const rows = result.stages[0]!.total!;
  expect(result.stages[0]!.summary).toMatchObject({ calls: rows * 2, lost: 0 });
  expect(bench.upstream.total(0.72)).toBe(rows * 2);
});

test('a prompt that the teacher refuses is lost alone, and said', async () => {
  bench.upstream.fault = (call) => (call % 50 === 7 ? 400 : null);
  const result = await run(request('choosy', 0.76, { until: 'curate' }));
  const { calls, lost } = result.stages[0]!.summary as { calls: number; lost: number };
  expect(lost).toBeGreaterThan(0);
  expect(bench.upstream.total(0.76)).toBe(calls);
  expect(calls + lost).toBe(result.stages[0]!.total! * 2);
  expect(result.warnings).toContain(
    `generate: ${lost} samples were not given by the teacher: it refused the prompt, or failed eight times.`,
  );
});

test('a teacher that refuses ends the run with its reason', async () => {
  bench.upstream.fault = () => 403;
  const state = await failed(request('forbidden', 0.73));
  expect(state).toMatchObject({ status: 'failed', stage: 'generate', spentUsd: 0 });
  expect(state.error).toContain('The teacher "lab/test" refused a call with 403');
});

test('the cap holds: generation ends below it and the run goes on', async () => {
  // A call costs 0.00009; its worst case, counted in bytes, six times that.
  const result = await run(request('capped', 0.74, { until: 'curate', maxUsd: 0.02 }));
  expect(result.status).toBe('completed');
  expect(result.spentUsd).toBeLessThanOrEqual(0.02);
  expect(result.spentUsd).toBeGreaterThan(0.018);
  expect(result.warnings.join()).toContain('the cap of $0.02');
});

test('what can not succeed is refused before money is spent', async () => {
  expect((await failed(request('no-cap', 0.75, { maxUsd: 0.0001 }))).error).toMatch(
    /maxUsd: the cap is \$0\.0001\d*, but the first 32 calls can cost/,
  );
  expect((await failed(request('no-price', 0.75, { teacher: 'lab/unknown' }))).error).toContain('its price is not known');
  expect((await failed(request('no-data', 0.75, { dataset: 'nothing' }))).error).toBe('dataset: there is no dataset "nothing".');
  expect((await failed(request('too-thin', 0.75, { marginPoints: 1 }))).error).toMatch(/The test split has \d+ rows.*at least 2\d\d rows/);
  expect(bench.upstream.total(0.75)).toBe(0);
});
