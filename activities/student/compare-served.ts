import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { Quantization } from '../../contracts/language-model.ts';
import type { StagePulse } from '../encoder/encoder-deps.ts';
import { withEngine } from './engine.ts';
import type { HeldOutRow } from './held-out-rows.ts';
import type { StudentDeps } from './student-deps.ts';

/** Share of positions where the served form's likeliest token must be the trained model's. */
const LEAST_TOP1: Record<Quantization, number> = { f16: 0.99, q8_0: 0.98, q4_k_m: 0.97 };
/** Differences that a failure shows. */
const SHOWN = 3;

/** A line of `reference.jsonl`: what the trained model reads and answers. */
const Reference = z.object({
  rowId: z.string(),
  promptIds: z.array(z.number().int()),
  /** Its own greedy answer, with the token that ends it. */
  answerIds: z.array(z.number().int()),
  /** Its likeliest token at each position of the answer. */
  top1: z.array(z.number().int()),
});

export interface Comparison {
  prompts: number;
  /** Positions of answers. */
  tokens: number;
  top1: number;
}

/** Compares the served form with the trained model on held-out prompts; throws with the first differences where it is another model. */
export async function compareServed(
  deps: StudentDeps,
  what: { manifest: ArtifactRef; reference: string; quantize: Quantization | null; rows: readonly HeldOutRow[] },
  pulse: StagePulse,
): Promise<Comparison> {
  const references = (await readFile(what.reference, 'utf8')).split('\n').filter((line) => line !== '');
  const messages = new Map(what.rows.map((row) => [row.rowId, row.messages]));
  const differences: string[] = [];
  let tokens = 0;
  let same = 0;
  let unlikeTokens = 0;
  await withEngine(deps, async (engine) => {
    await engine.prepare(what.manifest);
    for (const line of references) {
      pulse.signal.throwIfAborted();
      const reference = Reference.parse(JSON.parse(line));
      const promptIds = await engine.promptIds(what.manifest, messages.get(reference.rowId)!);
      const at = firstDifference(promptIds, reference.promptIds);
      if (at !== -1) {
        unlikeTokens++;
        differences.push(
          `row ${reference.rowId}: prompt token ${at} is ${promptIds[at] ?? 'missing'}, trained on ${reference.promptIds[at] ?? 'nothing'}`,
        );
        continue;
      }
      const { ids } = await engine.top1(what.manifest, reference.promptIds, reference.answerIds);
      for (const [i, id] of reference.top1.entries()) {
        tokens++;
        if (ids[i] === id) same++;
        else differences.push(`row ${reference.rowId}: answer token ${i} is ${ids[i]}, the trained model's is ${id}`);
      }
      pulse.progress({ compared: tokens });
    }
  });
  const top1 = tokens === 0 ? 0 : same / tokens;
  const least = LEAST_TOP1[what.quantize ?? 'f16'];
  if (unlikeTokens > 0 || top1 < least) {
    const why =
      unlikeTokens > 0
        ? `reads ${unlikeTokens} of ${references.length} prompts as other tokens than the trained model`
        : `agrees with the trained model on ${(100 * top1).toFixed(1)} % of ${tokens} tokens, less than ${100 * least} %`;
    throw new StillhouseError('internal', `The exported student ${why}. First: ${differences.slice(0, SHOWN).join('; ')}.`);
  }
  return { prompts: references.length, tokens, top1 };
}

function firstDifference(a: readonly number[], b: readonly number[]): number {
  if (a.length === b.length && a.every((id, i) => id === b[i])) return -1;
  const at = a.findIndex((id, i) => id !== b[i]);
  return at === -1 ? Math.min(a.length, b.length) : at;
}
