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

/** A group while the tree is climbed: sums of its vectors by system prompt. */
interface Group {
  sums: Map<string, Float32Array>;
  size: number;
  /** Size × mean cosine of pairs. */
  weighted: number;
}

/**
 * Cohesion of each cut of a tree: at K − 1 the mean, over the rows that are not alone, of the mean cosine with the others
 * of their group, with K groups. Rows of different `systems` count as having nothing in common. 1 where all are alone.
 */
export function cohesionByCut(vectors: Matrix, { rows, left, right }: Merges, systems: readonly string[] = []): Float32Array {
  const groups = new Map<number, Group>();
  const cohesions = new Float32Array(rows).fill(1);
  let weighted = 0;
  let together = 0;
  const take = (node: number): Group => {
    const known = groups.get(node);
    groups.delete(node);
    return known ?? { sums: new Map([[systems[node] ?? '', Float32Array.from(rowOf(vectors, node))]]), size: 1, weighted: 0 };
  };
  for (let m = 0; m < rows - 1; m++) {
    const [a, b] = [take(left[m]!), take(right[m]!)];
    for (const [system, other] of b.sums) {
      const own = a.sums.get(system);
      if (own) for (let j = 0; j < own.length; j++) own[j]! += other[j]!;
      else a.sums.set(system, other);
    }
    weighted -= a.weighted + b.weighted;
    together += (a.size === 1 ? 1 : 0) + (b.size === 1 ? 1 : 0);
    const size = a.size + b.size;
    const squares = a.sums.values().reduce((sum, own) => sum + dot(own, own), 0);
    const merged: Group = { sums: a.sums, size, weighted: (squares - size) / (size - 1) };
    weighted += merged.weighted;
    groups.set(rows + m, merged);
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
