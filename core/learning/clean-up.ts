import { shuffled } from '../random.ts';
import type { Dense } from './dense.ts';
import { type LabelledRows, takeLabelled } from './labelled-rows.ts';
import { fitHead, headLogits, softmaxRows } from './logistic-regression.ts';
import { largestAt, rowOf, takeRows, zeros } from './matrix.ts';
import { nearest, neighbourVotes } from './neighbours.ts';

const FOLDS = 5;
/** Fewer rows than this a fold teach a head too little to judge by. */
const FEWEST_ROWS = 50;

/**
 * Rows whose label both a head that never saw them (five folds) and their ten nearest neighbours reject, and the head
 * with conviction: most of them are the teacher's errors. Returns the numbers of the rows to keep, all where there are
 * too few to judge.
 */
export async function keepConsistent(dense: Dense, rows: LabelledRows, c: number, random: () => number): Promise<Int32Array> {
  const n = rows.features.rows;
  const all = Int32Array.from({ length: n }, (_, i) => i);
  if (n < FEWEST_ROWS) return all;
  const order = shuffled(n, random);
  const unseen = zeros(n, rows.targets.columns);
  for (let fold = 0; fold < FOLDS; fold++) {
    const inside = order.filter((_, i) => i % FOLDS !== fold);
    const outside = order.filter((_, i) => i % FOLDS === fold);
    const known = takeLabelled(rows, inside);
    const head = await fitHead(dense, known.features, known.targets, { c, maxIterations: 60 });
    const judged = softmaxRows(await headLogits(dense, head, takeRows(rows.features, outside)));
    outside.forEach((row, i) => rowOf(unseen, row).set(rowOf(judged, i)));
  }
  const near = await nearest(dense, rows.features, rows.features, 10, true);
  const nearVotes = neighbourVotes(near, rows.targets, { k: 10, cosineTemperature: 0.05 });
  return all.filter((i) => {
    const given = largestAt(rowOf(rows.targets, i));
    const head = rowOf(unseen, i);
    const rejected = head[given]! < 0.1 && Math.max(...head) > 0.5;
    return !(rejected && largestAt(rowOf(nearVotes, i)) !== given);
  });
}
