import type { Dense } from './dense.ts';
import { type Matrix, rowOf, sliceRows, zeros } from './matrix.ts';

/** The `k` nearest rows of each query, nearest first. */
export interface Neighbours {
  k: number;
  /** Row numbers in the base, `k` a query; −1 where the base has fewer rows. */
  rows: Int32Array;
  /** Cosines, in the same places. */
  cosines: Float32Array;
}

/** How neighbours vote. */
export interface NeighbourVote {
  k: number;
  /** A neighbour weighs exp(cosine / cosineTemperature). */
  cosineTemperature: number;
}

/**
 * Nearest rows by cosine (all vectors L2-normalised). `queries` go in blocks, so that memory stays at block × base.
 * `self`: query i is row i of the base and no neighbour of itself.
 */
export async function nearest(dense: Dense, queries: Matrix, base: Matrix, k: number, self = false): Promise<Neighbours> {
  const rows = new Int32Array(queries.rows * k).fill(-1);
  const cosines = new Float32Array(queries.rows * k).fill(-Infinity);
  if (base.rows === 0) return { k, rows, cosines };
  for (let from = 0; from < queries.rows; from += 512) {
    const to = Math.min(queries.rows, from + 512);
    const similar = await dense.product(sliceRows(queries, from, to), base, { transposeB: true });
    for (let i = from; i < to; i++) {
      keepLargest(rowOf(similar, i - from), self ? i : -1, rows.subarray(i * k, (i + 1) * k), cosines.subarray(i * k, (i + 1) * k));
    }
  }
  return { k, rows, cosines };
}

/** Insertion into a short sorted list: most values are smaller than its last and cost one comparison. */
function keepLargest(values: Float32Array, skip: number, rows: Int32Array, cosines: Float32Array): void {
  const last = rows.length - 1;
  let smallest = cosines[last]!;
  for (let j = 0; j < values.length; j++) {
    const value = values[j]!;
    if (value <= smallest || j === skip) continue;
    let at = last;
    for (; at > 0 && cosines[at - 1]! < value; at--) {
      cosines[at] = cosines[at - 1]!;
      rows[at] = rows[at - 1]!;
    }
    cosines[at] = value;
    rows[at] = j;
    smallest = cosines[last]!;
  }
}

/** The neighbours' label distribution of each query: `votes` has one distribution a row of the base. */
export function neighbourVotes(neighbours: Neighbours, votes: Matrix, { k, cosineTemperature }: NeighbourVote): Matrix {
  const queries = neighbours.rows.length / neighbours.k;
  const out = zeros(queries, votes.columns);
  for (let i = 0; i < queries; i++) {
    const target = rowOf(out, i);
    const first = i * neighbours.k;
    const nearestCosine = neighbours.cosines[first]!;
    let sum = 0;
    for (let j = first; j < first + Math.min(k, neighbours.k) && neighbours.rows[j]! >= 0; j++) {
      const weight = Math.exp((neighbours.cosines[j]! - nearestCosine) / cosineTemperature);
      const vote = rowOf(votes, neighbours.rows[j]!);
      sum += weight;
      for (let label = 0; label < vote.length; label++) target[label]! += weight * vote[label]!;
    }
    if (sum > 0) for (let label = 0; label < target.length; label++) target[label]! /= sum;
    else target.fill(1 / target.length);
  }
  return out;
}
