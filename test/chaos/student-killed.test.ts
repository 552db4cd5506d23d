import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Distillation } from '../../contracts/distil.ts';
import { LanguageModelManifest } from '../../contracts/language-model.ts';
import { openArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { versionsOf } from '../../store/clickhouse/state-versions.ts';
import { trainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { type DistilBench, LABELS, TEACHER, startDistil, startDistilBench } from '../support/distil-bench.ts';
import { quietTemporal } from '../support/stub-worker.ts';
import { until } from '../support/until.ts';
import { startTestWorker } from '../support/worker.ts';

const KILLED_WORKER = fileURLToPath(new URL('killed-gpu-worker.ts', import.meta.url));
const NAMESPACE_KNOWN_MS = 60_000;

let bench: DistilBench;
let reference: Outcome;

interface Outcome {
  run: Distillation;
  manifest: LanguageModelManifest;
  home: string;
}

beforeAll(async () => {
  quietTemporal();
  bench = await startDistilBench({ latencyMs: 20 });
  reference = await distilled('reference', null);
}, 280_000);
afterAll(() => bench?.stop());

/** Distils a language model in a namespace and a home of its own; the first GPU worker dies at the point, where there is one. */
async function distilled(name: string, dies: { activity: string; point: string } | null): Promise<Outcome> {
  const home = bench.folder();
  const client = await bench.client(name);
  const env = { ...bench.workerEnv(home, name), STILLHOUSE_DEVICE: 'cpu', STILLHOUSE_CONFIG: join(home, 'none.yaml') };
  // A new namespace is known to the whole server some seconds after it was made.
  const main = await until('the namespace is there', () => startTestWorker({ env }).catch(() => null), NAMESPACE_KNOWN_MS);
  const gpu = () => startTestWorker({ program: 'gpu-worker', env });
  const first = dies ? await startTestWorker({ path: KILLED_WORKER, programArguments: [dies.activity, dies.point], env }) : await gpu();
  let second: Awaited<ReturnType<typeof gpu>> | null = null;
  try {
    await bench.buildDataset(client, home, `rows-${name}`, true);
    const request = { name, dataset: `rows-${name}`, teacher: TEACHER, student: 'lora', nSamples: 2, keepBest: 1, marginPoints: 10 };
    const handle = await startDistil(client, { ...request, training: { warmupEpochs: 3 } });
    if (dies) {
      expect(await first.exited).toBeNull();
      second = await gpu();
    }
    const run = await handle.result();
    const [registered] = await versionsOf(bench.clickhouse.client, 'default', 'student', name);
    const artifacts = openArtifactStore(`file:${join(home, 'artifacts')}`);
    const { manifest } = registered!.value as { manifest: { key: string; sha256: string; bytes: number } };
    return { run, manifest: LanguageModelManifest.parse(JSON.parse((await artifacts.get(manifest)).toString())), home };
  } finally {
    await Promise.all([main.stop(), first.stop(), second?.stop()]);
  }
}

test('a language model goes through the same workflow, and its manifest is all that a server needs', async () => {
  const { run, manifest, home } = reference;
  expect(run).toMatchObject({ status: 'completed', student: 'student/reference', error: null, evaluation: { reference: 'gold' } });
  expect(run.stages.map(({ status }) => status)).toEqual(['done', 'done', 'done', 'done', 'done', 'done', 'skipped']);
  expect(manifest).toMatchObject({ quantization: 'q4_k_m', served: { form: 'adapter' }, task: 'label', labels: [...LABELS].sort() });
  expect(manifest.agreement!.top1).toBeGreaterThanOrEqual(0.97);
  const artifacts = openArtifactStore(`file:${join(home, 'artifacts')}`);
  expect((await artifacts.get(manifest.card!)).toString()).toContain('base_model: stillhouse-mini');
  const points = await trainingPoints(bench.clickhouse.client, 'default', 'reference');
  expect(points.some(({ terms }) => terms['nll'] !== undefined)).toBe(true);
  expect(points.some(({ terms }) => terms['validationScore'] !== undefined)).toBe(true);
  // Nothing of the training is left but its result.
  expect((await artifacts.list('trainings/')).filter((key) => /checkpoints|attempts|troubles/.test(key))).toEqual([]);
});

test.each([
  ['check', { activity: 'checkStudent', point: 'end' }],
  ['train', { activity: 'trainStudent', point: 'checkpoints/step-' }],
  ['export', { activity: 'exportStudent', point: 'adapter.gguf' }],
  ['evaluate', { activity: 'evaluateStudent', point: 'answers-' }],
])(
  'a GPU worker that is killed inside %s: another goes on and comes to the same bytes',
  async (stage, dies) => {
    const { run, manifest } = await distilled(`killed-${stage}`, dies);
    expect(run).toMatchObject({ status: 'completed', student: `student/killed-${stage}` });
    // The same student, to the bit, and the same verdict.
    expect(manifest.peft!.weights.sha256).toBe(reference.manifest.peft!.weights.sha256);
    expect(manifest.served).toMatchObject({ form: 'adapter', base: { sha256: servedBase(reference) } });
    expect(run.evaluation!.answers!.sha256).toBe(reference.run.evaluation!.answers!.sha256);
  },
  280_000,
);

function servedBase({ manifest: { served } }: Outcome): string {
  return served.form === 'adapter' ? served.base.sha256 : '';
}
