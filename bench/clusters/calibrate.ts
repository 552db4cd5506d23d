import { cutGrown, growTree } from '../../core/clustering/grown-tree.ts';
import { smallestCut } from '../../core/clustering/cohesion.ts';
import { meanRow } from '../../core/clustering/smooth.ts';
import type { Dense } from '../../core/learning/dense.ts';
import { type Matrix, takeRows } from '../../core/learning/matrix.ts';
import { seededRandom, shuffled } from '../../core/random.ts';
import { partitionAgreement } from '../../core/statistics/partition-agreement.ts';

/** Draws of the training file: how many intents, and how many messages a seed. */
const DRAWS = [
  { intents: 77, messages: 3080, seeds: [1, 2, 3, 4, 5, 6] },
  { intents: 60, messages: 2400, seeds: [7, 8] },
  { intents: 40, messages: 1600, seeds: [9, 10] },
  { intents: 20, messages: 800, seeds: [11, 12] },
] as const;
const COHESIONS = [0.58, 0.59, 0.6, 0.605, 0.61, 0.615, 0.62, 0.625, 0.63, 0.64, 0.65];

/**
 * The cohesion at which clusters of the training file's messages agree best with its labels: the mean adjusted Rand index
 * over draws of messages and of intents, of each cohesion. The test file has no part in it.
 */
export async function calibrate(dense: Dense, vectors: Matrix, labels: readonly string[]): Promise<number> {
  const names = [...new Set(labels)].sort();
  const tried = COHESIONS.map((cohesion) => ({ cohesion, nmi: 0, ari: 0, off: 0 }));
  let draws = 0;
  for (const { intents, messages, seeds } of DRAWS) {
    for (const seed of seeds) {
      const random = seededRandom(seed);
      const kept = new Set(Array.from(shuffled(names.length, random).slice(0, intents), (at) => names[at]!));
      const rows = labels.flatMap((label, i) => (kept.has(label) ? [i] : []));
      const drawn = Array.from(shuffled(rows.length, random).slice(0, messages), (at) => rows[at]!);
      const own = takeRows(vectors, drawn);
      const grown = await growTree(dense, own, meanRow(own));
      const truth = drawn.map((row) => names.indexOf(labels[row]!));
      for (const figures of tried) {
        const k = smallestCut(grown.cohesions, figures.cohesion, drawn.length);
        const { nmi, ari } = partitionAgreement(await cutGrown(dense, grown, k, 2), truth);
        figures.nmi += nmi;
        figures.ari += ari;
        figures.off += Math.abs(k / intents - 1);
      }
      draws++;
    }
  }
  console.log(`cohesion | NMI | ARI | number off by, on ${draws} draws of the training file`);
  for (const { cohesion, nmi, ari, off } of tried) {
    console.log(
      `${cohesion.toFixed(3)} | ${(nmi / draws).toFixed(4)} | ${(ari / draws).toFixed(4)} | ${((100 * off) / draws).toFixed(0)} %`,
    );
  }
  const best = tried.reduce((first, next) => (next.ari > first.ari ? next : first));
  console.log(`best: ${best.cohesion}, which MINILM_COHESION in core/clustering/cluster-options.ts is\n`);
  return best.cohesion;
}
