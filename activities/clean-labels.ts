import { availableParallelism } from 'node:os';
import { lastUserText } from '../contracts/chat.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { CuratedRow } from '../contracts/stages.ts';
import { RECIPE } from '../core/learning/learn-encoder.ts';
import { createEmbedderPool } from '../serving/embedder-pool.ts';
import { putJsonl } from './distil/jsonl-artifact.ts';
import type { CleanRequest } from './encoder/clean-thread.ts';
import { embedTexts } from './encoder/embed-texts.ts';
import type { EncoderDeps, StagePulse } from './encoder/encoder-deps.ts';
import { onThread } from './encoder/on-thread.ts';
import { withHeartbeat } from './heartbeat.ts';

/** As for training an encoder: the thread reports nothing between its start and its end. */
const STALL_MS = 20 * 60_000;
/** What a row that is left out says. */
export const DOUBTED = 'label doubted by its neighbours';

export interface CleanLabelsInput {
  project: string;
  distillation: string;
  curated: ArtifactRef;
  labels: string[];
  seed: number;
}

export interface CleanLabelsResult {
  curated: ArtifactRef;
  /** Rows that teach nothing any more: training and validation. */
  doubted: number;
}

export type CleanLabelsActivity = ReturnType<typeof createCleanLabelsActivity>;

export function createCleanLabelsActivity(deps: EncoderDeps & { temporaryFolder: string }) {
  return {
    /**
     * Takes rows out of the training JSONL whose label both a head that never saw them and their neighbours reject: most are
     * the teacher's errors, and a small language model would learn them by heart. Safe to retry because the result is a
     * function of its inputs and named by its content.
     */
    cleanLabels: (input: CleanLabelsInput): Promise<CleanLabelsResult> =>
      withHeartbeat(STALL_MS, (pulse) => cleanLabels(deps, input, pulse)),
  };
}

/** What the activity does, without Temporal around it. */
export async function cleanLabels(
  deps: EncoderDeps & { temporaryFolder: string },
  { project, distillation, curated, labels, seed }: CleanLabelsInput,
  pulse: StagePulse,
): Promise<CleanLabelsResult> {
  const lines = (await deps.artifacts.get(curated)).toString('utf8').split('\n');
  const rows = lines.filter((line) => line !== '').map((line) => CuratedRow.parse(JSON.parse(line)));
  const places = new Map(labels.map((label, place) => [label, place]));
  const judged = rows.filter(
    ({ dropped, best, messages }) => dropped === null && places.has(best[0] ?? '') && lastUserText(messages) !== '',
  );
  const texts = judged.map(({ messages }) => lastUserText(messages));
  const threads = deps.threads ?? availableParallelism();
  const pool = await createEmbedderPool({ embedderFolder: deps.embedderFolder, threads, log: deps.log });
  const embedded = await embedTexts(deps.artifacts, pool, texts, pulse).finally(() => pool.close());
  const targets = { rows: judged.length, columns: labels.length, data: new Float32Array(judged.length * labels.length) };
  judged.forEach(({ best }, i) => (targets.data[i * labels.length + places.get(best[0]!)!] = 1));
  const request: CleanRequest = { rows: { features: await embedded.rowsOf(texts), targets }, c: RECIPE.c, seed };
  const program = new URL('./encoder/clean-thread.ts', import.meta.url);
  const kept = new Set(await onThread<Int32Array>({ program, threads, name: 'the clean-up', log: deps.log }, request, pulse));
  const doubted = new Set(judged.filter((_, i) => !kept.has(i)));
  async function* cleaned() {
    for (const row of rows) yield doubted.has(row) ? { ...row, dropped: DOUBTED } : row;
  }
  const ref = await putJsonl(deps, `distillations/${project}/${distillation}/cleaned`, cleaned());
  await embedded.forget();
  return { curated: ref, doubted: doubted.size };
}
