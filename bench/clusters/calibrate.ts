import { cohesionByCut, smallestCut } from '../../core/clustering/cohesion.ts';
import { centred, meanRow, smoothed } from '../../core/clustering/smooth.ts';
import { wardTree } from '../../core/clustering/ward.ts';
import type { Dense } from '../../core/learning/dense.ts';
import { type Matrix, takeRows } from '../../core/learning/matrix.ts';
import { seededRandom, shuffled } from '../../core/random.ts';

/** Draws of the training file: intents and messages. */
const DRAWS = [
  { intents: 77, messages: 3080 },
  { intents: 77, messages: 3080 },
  { intents: 77, messages: 3080 },
  { intents: 60, messages: 2400 },
  { intents: 40, messages: 1600 },
  { intents: 20, messages: 800 },
] as const;

/**
 * The cohesion that the embedder's clusters should reach: what the tree of training messages has when it is cut into as
 * many clusters as there are intents, on average. Labels of the training file only; prints how well it finds their number.
 */
export async function calibrate(dense: Dense, vectors: Matrix, labels: readonly string[]): Promise<number> {
  const draws = [];
  for (const [seed, { intents, messages }] of DRAWS.entries()) {
    const random = seededRandom(seed + 1);
    const names = [...new Set(labels)].sort();
    const kept = new Set([...shuffled(names.length, random).slice(0, intents)].map((at) => names[at]!));
    const rows = labels.flatMap((label, i) => (kept.has(label) ? [i] : []));
    const chosen = [...shuffled(rows.length, random).slice(0, messages)].map((at) => rows[at]!);
    const drawn = takeRows(vectors, chosen);
    const cohesions = cohesionByCut(drawn, await wardTree(dense, await smoothed(dense, centred(drawn, meanRow(drawn)))));
    draws.push({ intents, messages: chosen.length, cohesions });
  }
  const cohesion = draws.reduce((sum, { intents, cohesions }) => sum + cohesions[intents - 1]!, 0) / draws.length;
  console.log('training messages | intents | cohesion with as many clusters | clusters found at the mean');
  for (const { intents, messages, cohesions } of draws) {
    console.log(`${messages} | ${intents} | ${cohesions[intents - 1]!.toFixed(4)} | ${smallestCut(cohesions, cohesion, messages)}`);
  }
  console.log(`mean cohesion ${cohesion.toFixed(4)}: MINILM_COHESION in core/clustering/cluster-options.ts is it, rounded\n`);
  return cohesion;
}
