import { shuffled } from '../random.ts';
import { type Matrix, rowOf, stackRows, takeRows, zeros } from './matrix.ts';

/** Sentence vectors and a distribution over labels for each. */
export interface LabelledRows {
  features: Matrix;
  targets: Matrix;
}

/** These rows, copied. */
export function takeLabelled({ features, targets }: LabelledRows, rows: ArrayLike<number>): LabelledRows {
  return { features: takeRows(features, rows), targets: takeRows(targets, rows) };
}

/** One set under the other. */
export function stackLabelled(above: LabelledRows, below: LabelledRows): LabelledRows {
  return { features: stackRows(above.features, below.features), targets: stackRows(above.targets, below.targets) };
}

/** At most `limit` rows: a random choice by `random`, all where there are no more. */
export function sampleRows(rows: number, limit: number, random: () => number): Int32Array {
  if (rows <= limit) return Int32Array.from({ length: rows }, (_, i) => i);
  return shuffled(rows, random).slice(0, limit).sort();
}

/**
 * The majority of each row's votes; labels with equally many share it. A minority's votes are noise: learnt as soft
 * targets they cost half a point (docs/LOG.md).
 */
export function majorityTargets(votes: Matrix): Matrix {
  const out = zeros(votes.rows, votes.columns);
  for (let i = 0; i < votes.rows; i++) {
    const row = rowOf(votes, i);
    const most = row.reduce((a, b) => Math.max(a, b), 0);
    const winners = row.reduce((count, value) => count + Number(value === most), 0);
    row.forEach((value, k) => {
      if (value === most) out.data[i * votes.columns + k] = 1 / winners;
    });
  }
  return out;
}
