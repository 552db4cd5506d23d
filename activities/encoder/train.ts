import { availableParallelism } from 'node:os';
import type { LearnedEncoder, LearnInput } from '../../core/learning/learn-encoder.ts';
import type { LabelledRows } from '../../core/learning/labelled-rows.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { TrainEncoderInput, TrainEncoderResult } from '../../contracts/stages.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { createEmbedderPool } from '../../serving/embedder-pool.ts';
import { readEmbedderInfo } from '../../serving/embedder.ts';
import { floatBytes, joinHead } from '../../serving/encoder-student.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { sha256Of } from '../../store/artifacts/content-hash.ts';
import { type CuratedTexts, readCuratedTexts, type VotedText } from './curated-texts.ts';
import { embedTexts, type EmbeddedTexts } from './embed-texts.ts';
import { type EncoderDeps, publishOnce, type StagePulse } from './encoder-deps.ts';
import { onThread } from './on-thread.ts';
import { TrainedEncoder } from './trained-encoder.ts';

/** Rises when the learner changes: results of another one are not taken for this one's. */
const LEARNER = 2;

/** Trains an encoder student from the curated rows, or finds that it is trained already. */
export async function trainEncoder(deps: EncoderDeps, input: TrainEncoderInput, pulse: StagePulse): Promise<TrainEncoderResult> {
  const { artifacts } = deps;
  const embedder = readEmbedderInfo(deps.embedderFolder);
  const { labels, seed, curated } = input;
  const hash = contentHash({ learner: LEARNER, embedder: embedder.sha256, curated: curated.sha256, labels, seed });
  const folder = `encoders/${input.project}/${hash.slice(0, 32)}`;
  const published = await artifacts.find(`${folder}/trained.json`);
  if (published) return resultOf(artifacts, published);

  const threads = deps.threads ?? availableParallelism();
  const began = performance.now();
  const texts = await readCuratedTexts(artifacts, curated, labels);
  const pool = await createEmbedderPool({ embedderFolder: deps.embedderFolder, threads, log: deps.log });
  let embedded: EmbeddedTexts;
  try {
    embedded = await embedTexts(artifacts, pool, allTexts(texts), pulse);
  } finally {
    await pool.close();
  }
  const learning = performance.now();
  pulse.progress({ step: 'learn' });
  const learned = await learn(deps, threads, await learnInput(texts, embedded, seed), pulse);
  const ended = performance.now();
  const trained: TrainedEncoder = {
    format: 'stillhouse-trained-encoder/1',
    embedder,
    labels,
    ...(await storeNumbers(artifacts, folder, learned)),
    temperature: learned.scorer.temperature,
    validationAccuracy: learned.validationAccuracy,
    curated,
    trainRows: texts.train.length + texts.validation.length,
    unlabelledRows: texts.unlabelled.length,
    cleanedRows: learned.cleanedRows,
    settings: { ...learned.settings, validationRows: learned.validationRows },
    embedSeconds: (learning - began) / 1000,
    trainSeconds: (ended - learning) / 1000,
  };
  const ref = await publishOnce(artifacts, `${folder}/trained.json`, trained);
  await embedded.forget();
  return resultOf(artifacts, ref);
}

async function resultOf(artifacts: ArtifactStore, trained: ArtifactRef): Promise<TrainEncoderResult> {
  const { validationAccuracy, trainRows, unlabelledRows, cleanedRows, settings, embedSeconds, trainSeconds } = TrainedEncoder.parse(
    JSON.parse((await artifacts.get(trained)).toString('utf8')),
  );
  return { trained, validationAccuracy, trainRows, unlabelledRows, cleanedRows, settings, embedSeconds, trainSeconds };
}

function allTexts({ train, validation, unlabelled }: CuratedTexts): string[] {
  return [...train.map(({ text }) => text), ...validation.map(({ text }) => text), ...unlabelled];
}

async function learnInput(texts: CuratedTexts, embedded: EmbeddedTexts, seed: number): Promise<LearnInput> {
  const labels = (texts.train[0] ?? texts.validation[0]!).votes.length;
  const rowsOf = async (voted: VotedText[]): Promise<LabelledRows> => ({
    features: await embedded.rowsOf(voted.map(({ text }) => text)),
    targets: { rows: voted.length, columns: labels, data: Float32Array.from(voted.flatMap(({ votes }) => votes)) },
  });
  const [train, validation] = [await rowsOf(texts.train), await rowsOf(texts.validation)];
  return { train, validation, unlabelled: await embedded.rowsOf(texts.unlabelled), seed };
}

function learn(deps: EncoderDeps, threads: number, input: LearnInput, pulse: StagePulse): Promise<LearnedEncoder> {
  const program = new URL('./learn-thread.ts', import.meta.url);
  return onThread<LearnedEncoder>({ program, threads, name: 'the learner', log: deps.log }, input, pulse);
}

/** Numbers lie under their content's hash: two attempts that differ in the last bit don't meet. */
async function storeNumbers(
  artifacts: ArtifactStore,
  folder: string,
  { scorer }: LearnedEncoder,
): Promise<Pick<TrainedEncoder, 'head' | 'neighbours'>> {
  const store = (name: string, { data }: Matrix) => {
    const bytes = floatBytes(data);
    return artifacts.put(`${folder}/${name}-${sha256Of(bytes).slice(0, 16)}.f32`, bytes);
  };
  const head = await store('head', joinHead(scorer.head));
  if (!scorer.neighbours) return { head, neighbours: null };
  const { vectors, votes, k, weight, cosineTemperature } = scorer.neighbours;
  const stored = { vectors: await store('vectors', vectors), votes: await store('votes', votes), rows: vectors.rows };
  return { head, neighbours: { k, weight, cosineTemperature, ...stored } };
}
