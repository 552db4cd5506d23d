import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDataset } from '../../store/clickhouse/datasets.ts';
import { type DistilBench, TEACHER, startDistil, startDistilBench } from '../support/distil-bench.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';

let bench: DistilBench;
let workers: TestWorker[] = [];
let home: string;

beforeAll(async () => {
  bench = await startDistilBench();
  home = bench.folder();
  const env = bench.workerEnv(home);
  workers = await Promise.all([startTestWorker({ env }), startTestWorker({ program: 'gpu-worker', env })]);
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await bench?.stop();
});

test("a teacher that never saw the rows is asked for the test rows; a person's answers are not taken for its own", async () => {
  const client = await bench.client();
  await bench.buildDataset(client, home, 'golden', true);
  const { rows } = (await readDataset(bench.clickhouse.client, 'default', 'golden'))!;
  const given = { dataset: 'golden', teacher: TEACHER, nSamples: 2, keepBest: 1, temperature: 0.9, marginPoints: 10 };
  const result = await (await startDistil(client, { ...given, name: 'fresh' })).result();
  expect(result.warnings.join(' ')).toContain(`${rows.test} of ${rows.test} test rows have no recorded answer of ${TEACHER}`);
  expect(bench.upstream.total(0)).toBe(rows.test);
  const evaluation = result.evaluation!;
  expect(evaluation).toMatchObject({ reference: 'gold', rows: rows.test, leftOut: 0 });
  // The file's answers are all right, the teacher's are not.
  expect(evaluation.teacher.accuracy).toBeLessThan(1);
  expect(evaluation.teacher.accuracy).toBeGreaterThan(0.5);
  expect(evaluation.teacher.usdPer1k).toBeCloseTo(0.09, 6);
  expect(result.spentUsd).toBeCloseTo(bench.upstream.usd(), 9);

  // They are there for the next run.
  const again = await (await startDistil(client, { ...given, name: 'again' })).result();
  expect(again.spentUsd).toBe(0);
  expect(again.evaluation!.teacher.correct).toBe(evaluation.teacher.correct);
});
