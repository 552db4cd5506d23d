/**
 * `npm run bench:encoder`: what the encoder student reaches on Banking77's test messages with a noisy teacher, and how
 * long embedding and training take. It runs the activities' own code on an artifact folder of its own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportEncoder } from '../activities/export-encoder.ts';
import type { EncoderDeps, StagePulse } from '../activities/encoder/encoder-deps.ts';
import { trainEncoder } from '../activities/encoder/train.ts';
import { rowOf } from '../core/learning/matrix.ts';
import { seededRandom } from '../core/random.ts';
import { median } from '../core/statistics/median.ts';
import type { CuratedRow } from '../contracts/stages.ts';
import { DEMO_LABELS, type LabelledMessage, readBanking77 } from '../examples/banking77/banking77.ts';
import { loadEnvironment } from '../platform/environment.ts';
import { createLogger } from '../platform/logger.ts';
import { createEmbedderPool } from '../serving/embedder-pool.ts';
import { createEncoderPool } from '../serving/encoder-pool.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { draw, type Labelled, type Message, noisyTeacher } from './noisy-teacher.ts';
import { benchEmbedder } from './embedder-folder.ts';

const SEEDS = [1, 2, 3];
const TASKS = [
  // The rest of the training file's messages is traffic that the teacher was not asked about, in `ten` as in `all`.
  { name: 'ten', labels: DEMO_LABELS as readonly string[], labelled: 500, unlabelled: true },
  { name: 'tenLabelledOnly', labels: DEMO_LABELS as readonly string[], labelled: 500, unlabelled: false },
  { name: 'all', labels: [...new Set(readBanking77('train').map(({ label }) => label))].sort(), labelled: 2000, unlabelled: true },
] as const;

const env = loadEnvironment();
const log = createLogger('bench', 'warn');
const embedderFolder = await benchEmbedder(env);
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
const deps: EncoderDeps = { artifacts: openArtifactStore(`file:${folder}`), embedderFolder, log };
const pulse: StagePulse = { signal: new AbortController().signal, progress: () => undefined };

/** Vectors for the simulated teacher; they are computed again in what is timed. */
async function withVectors(messages: readonly LabelledMessage[]): Promise<Message[]> {
  const pool = await createEmbedderPool({ embedderFolder, threads: 2, log });
  const vectors = await pool.embed(messages.map(({ text }) => text));
  await pool.close();
  return messages.map((message, i) => ({ ...message, vector: rowOf(vectors, i) }));
}

/** A row as `curate` writes it; every fifth labelled one is validation, as 60 / 15 % splits make it. */
function curatedRow(text: string, samples: string[], place: number): CuratedRow {
  const votes: Record<string, number> = {};
  for (const sample of samples) votes[sample] = (votes[sample] ?? 0) + 1;
  const split = samples.length > 0 && place % 5 === 0 ? 'validation' : 'train';
  const rest = { best: Object.keys(votes).slice(0, 1), worst: null, agreement: 1, dropped: null };
  return { rowId: `${place}`, group: `${place}`, split, messages: [{ role: 'user', content: text }], votes, ...rest };
}

async function accuracyOf(
  manifest: Parameters<ReturnType<typeof createEncoderPool>['classify']>[0],
  labels: readonly string[],
): Promise<number> {
  const pool = createEncoderPool({ ...deps, threads: 2 });
  const test = readBanking77('test').filter(({ label }) => labels.includes(label));
  let right = 0;
  let next = 0;
  const work = async () => {
    for (let row = test[next++]; row; row = test[next++]) if ((await pool.classify(manifest, row.text)).label === row.label) right++;
  };
  await Promise.all([work(), work(), work(), work()]);
  await pool.close();
  return right / test.length;
}

async function runTask({ name, labels, labelled, unlabelled }: (typeof TASKS)[number], seed: number, messages: readonly Message[]) {
  const random = seededRandom(seed);
  const mine = messages.filter(({ label }) => labels.includes(label));
  const { drawn, rest } = draw(mine, labelled, random);
  const teach = noisyTeacher(mine, 4, random);
  const taught: Labelled[] = drawn.map(teach);
  const lines = [
    ...taught.map(({ text, samples }, i) => curatedRow(text, samples, i)),
    ...(unlabelled ? rest : []).map(({ text }, i) => curatedRow(text, [], labelled + i)),
  ];
  const bytes = Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
  const curated = await deps.artifacts.put(`bench/${name}-${seed}.jsonl`, bytes);
  const base = { project: 'bench', distillation: `${name}-${seed}` };
  const trained = await trainEncoder(deps, { ...base, curated, labels: [...labels], seed }, pulse);
  const exported = await exportEncoder(deps, { ...base, trained: trained.trained }, pulse);
  const accuracy = await accuracyOf(exported.manifest, labels);
  const single = taught.filter(({ label, samples }) => samples[0] === label).length / taught.length;
  const seconds = trained.embedSeconds + trained.trainSeconds;
  console.log(
    [
      name.padEnd(15),
      `seed ${seed}`,
      `accuracy ${(100 * accuracy).toFixed(2)} %`,
      `${trained.embedSeconds.toFixed(1)} s embedding + ${trained.trainSeconds.toFixed(1)} s training`,
      `teacher ${(100 * single).toFixed(1)} %`,
      `validation ${(100 * trained.validationAccuracy).toFixed(1)} %`,
      `cleaned ${trained.cleanedRows}`,
      `export differs by ${exported.maxDifference.toExponential(1)}`,
      JSON.stringify(trained.settings),
    ].join(' · '),
  );
  return { seed, accuracy, seconds, embedSeconds: trained.embedSeconds, trainSeconds: trained.trainSeconds, settings: trained.settings };
}

try {
  const messages = await withVectors(readBanking77('train'));
  const results: Record<string, unknown> = {};
  for (const task of TASKS) {
    const runs = [];
    for (const seed of SEEDS) runs.push(await runTask(task, seed, messages));
    const accuracy = median(runs.map((run) => run.accuracy))!;
    const seconds = median(runs.map((run) => run.seconds))!;
    results[task.name] = { accuracy, seconds, runs };
    console.log(`${task.name.padEnd(15)} median · accuracy ${(100 * accuracy).toFixed(2)} % · ${seconds.toFixed(1)} s\n`);
  }
  mkdirSync('bench/results', { recursive: true });
  writeFileSync('bench/results/encoder.json', `${JSON.stringify(results, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
