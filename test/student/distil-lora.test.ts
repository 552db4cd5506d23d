import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '@temporalio/client';
import { LanguageModelManifest } from '../../contracts/language-model.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { versionsOf } from '../../store/clickhouse/state-versions.ts';
import { trainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { type DistilBench, LABELS, TEACHER, startDistil, startDistilBench } from '../support/distil-bench.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { join } from 'node:path';

let bench: DistilBench;
let workers: TestWorker[] = [];
let client: Client;
let home: string;

beforeAll(async () => {
  bench = await startDistilBench();
  client = await bench.client();
  home = bench.folder();
  const env = { ...bench.workerEnv(home), STILLHOUSE_DEVICE: 'cpu' };
  workers = await Promise.all([startTestWorker({ env }), startTestWorker({ program: 'gpu-worker', env })]);
  await bench.buildDataset(client, home, 'golden', true);
});
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await bench?.stop();
});

test('a language model goes through the same workflow, and its manifest is all that a server needs', async () => {
  const request = { name: 'small', dataset: 'golden', teacher: TEACHER, student: 'lora', nSamples: 2, keepBest: 1, marginPoints: 10 };
  const result = await (await startDistil(client, request)).result();
  expect(result).toMatchObject({ status: 'completed', student: 'student/small', error: null });
  expect(result.stages.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done', 'done', 'done', 'skipped']);
  expect(result.evaluation!.student.accuracy).toBeGreaterThan(0.85);

  const [registered] = await versionsOf(bench.clickhouse.client, 'default', 'student', 'small');
  expect(registered!.value).toMatchObject({
    kind: 'language-model',
    base: { id: 'stillhouse-mini' },
    embedderSha256: null,
    placement: null,
  });
  const artifacts = openArtifactStore(`file:${join(home, 'artifacts')}`);
  const { manifest: ref } = registered!.value as { manifest: { key: string; sha256: string; bytes: number } };
  const manifest = LanguageModelManifest.parse(JSON.parse((await artifacts.get(ref)).toString()));
  expect(manifest).toMatchObject({ quantization: 'q4_k_m', served: { form: 'adapter' }, task: 'label', labels: [...LABELS].sort() });
  expect(manifest.agreement!.top1).toBeGreaterThanOrEqual(0.97);
  expect((await artifacts.get(manifest.card!)).toString()).toContain('base_model: stillhouse-mini');

  const points = await trainingPoints(bench.clickhouse.client, 'default', 'small');
  expect(points.length).toBeGreaterThan(2);
  expect(points.some(({ terms }) => terms['validationScore'] !== undefined)).toBe(true);
  // Nothing of the training is left but its result.
  expect((await artifacts.list('trainings/')).filter((key) => /checkpoints|attempts|troubles/.test(key))).toEqual([]);

  // The same training is found, whoever asks: nothing is trained again.
  const again = await (await startDistil(client, { ...request, name: 'small-again' })).result();
  expect(again).toMatchObject({ status: 'completed', spentUsd: 0 });
  expect(again.stages[2]!.summary['trainSeconds']).toBe(result.stages[2]!.summary['trainSeconds']);
}, 300_000);
