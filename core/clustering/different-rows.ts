import { type Matrix, rowOf, takeRows } from '../learning/matrix.ts';
import { toUnitLength } from './smooth.ts';

/** The different vectors among rows, in an order of their own: the rows' order has no part in what follows. */
export interface DifferentRows {
  /** Of length 1, sorted by their numbers. */
  vectors: Matrix;
  /** How much each stands for. */
  weights: Float64Array;
  /** For each given row the different vector that it is; −1 where it has no direction: not finite, or all zeros. */
  places: Int32Array;
}

/** Equal rows become one that weighs as much as all. Without `weights` a row weighs 1. */
export function differentRows(rows: Matrix, weights?: ArrayLike<number>): DifferentRows {
  const unit = toUnitLength({ ...rows, data: rows.data.slice() });
  const usable = Array.from({ length: rows.rows }, (_, i) => i).filter((i) => hasDirection(rowOf(unit, i)));
  usable.sort((a, b) => compare(rowOf(unit, a), rowOf(unit, b)));
  const first: number[] = [];
  const sums: number[] = [];
  const places = new Int32Array(rows.rows).fill(-1);
  for (const row of usable) {
    if (first.length === 0 || compare(rowOf(unit, first.at(-1)!), rowOf(unit, row)) !== 0) {
      first.push(row);
      sums.push(0);
    }
    places[row] = first.length - 1;
    sums[first.length - 1]! += weights?.[row] ?? 1;
  }
  return { vectors: takeRows(unit, first), weights: Float64Array.from(sums), places };
}

function hasDirection(row: Float32Array): boolean {
  let some = false;
  for (const value of row) {
    if (!Number.isFinite(value)) return false;
    some ||= value !== 0;
  }
  return some;
}

function compare(a: Float32Array, b: Float32Array): number {
  for (let j = 0; j < a.length; j++) if (a[j] !== b[j]) return a[j]! - b[j]!;
  return 0;
}

/**
 * Rows for a sample of at most `most`, in ascending order: those with the smallest hash of their numbers, so that the
 * choice is as good as chance, the same in each run, and mostly the same when rows are added.
 */
export function sampleByHash(vectors: Matrix, most: number): Int32Array {
  const all = Int32Array.from({ length: vectors.rows }, (_, i) => i);
  if (vectors.rows <= most) return all;
  const hashes = Uint32Array.from(all, (i) => hashOf(rowOf(vectors, i)));
  return all
    .sort((a, b) => hashes[a]! - hashes[b]! || a - b)
    .slice(0, most)
    .sort();
}

/** FNV-1a over the words of a row, mixed at the end (the finaliser of MurmurHash3). */
function hashOf(row: Float32Array): number {
  const words = new Uint32Array(row.buffer, row.byteOffset, row.length);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
