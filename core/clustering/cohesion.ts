import { dot } from '../learning/dense.ts';
import { type Matrix, rowOf } from '../learning/matrix.ts';
import type { Merges } from './ward.ts';

/**
 * Mean cosine of pairs within a group of unit vectors, from their sum s: (|s|² − n) / (n (n − 1)); 1 for one alone.
 */
export function meanPairCosine(sum: Float64Array | Float32Array, size: number): number {
  if (size < 2) return 1;
  let squares = 0;
  for (const value of sum) squares += value * value;
  return (squares - size) / (size * (size - 1));
}

/**
 * Cohesion of each cut of a tree: at K − 1 the mean, over the rows that are not alone, of the mean cosine with the others
 * of their group, with K groups. 1 where all are alone.
 */
export function cohesionByCut(vectors: Matrix, { rows, left, right }: Merges): Float32Array {
  const sums = new Map<number, { sum: Float32Array; size: number; weighted: number }>();
  const cohesions = new Float32Array(rows).fill(1);
  let weighted = 0;
  let together = 0;
  const take = (node: number) => {
    const known = sums.get(node);
    sums.delete(node);
    return known ?? { sum: Float32Array.from(rowOf(vectors, node)), size: 1, weighted: 0 };
  };
  for (let m = 0; m < rows - 1; m++) {
    const [a, b] = [take(left[m]!), take(right[m]!)];
    for (let j = 0; j < a.sum.length; j++) a.sum[j]! += b.sum[j]!;
    weighted -= a.weighted + b.weighted;
    together += (a.size === 1 ? 1 : 0) + (b.size === 1 ? 1 : 0);
    const size = a.size + b.size;
    const merged = { sum: a.sum, size, weighted: size * meanPairCosine(a.sum, size) };
    weighted += merged.weighted;
    sums.set(rows + m, merged);
    cohesions[rows - 2 - m] = weighted / together;
  }
  return cohesions;
}

/** The smallest number of groups that reaches the cohesion, at most `cap`. */
export function smallestCut(cohesions: Float32Array, cohesion: number, cap: number): number {
  const most = Math.min(cap, cohesions.length);
  for (let k = 1; k < most; k++) if (cohesions[k - 1]! >= cohesion) return k;
  return most;
}

/** Cosine of a vector to a centre; 0 for a vector without length or with numbers that are none. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  const value = dot(a, b) / lengths;
  return Number.isFinite(value) ? value : 0;
}
