import type { Dense } from '../learning/dense.ts';
import { type Matrix, rowOf, sliceRows, zeros } from '../learning/matrix.ts';

/** Rows a product: memory stays at block × clusters. */
const BLOCK = 2048;

/** A row that is nearly another cluster's. */
export interface Borderline {
  row: number;
  other: number;
  /** Its cosine to its own centre less that to the other's, `mean` taken off; negative where smoothing kept it here. */
  margin: number;
}

/** The nearest other clusters of each, nearest first, at most `most`: by the cosine of the centres, `mean` taken off. */
export async function nearestOthers(dense: Dense, centres: Matrix, mean: Float32Array, most: number): Promise<number[][]> {
  const unit = unitWithout(centres, mean);
  const { data, columns } = await dense.product(unit, unit, { transposeB: true });
  return Array.from({ length: centres.rows }, (_, k) => {
    const others = Array.from({ length: centres.rows }, (_, other) => other).filter((other) => other !== k);
    return others.sort((a, b) => data[k * columns + b]! - data[k * columns + a]! || a - b).slice(0, most);
  });
}

/** Of each cluster the rows with the smallest margins, at most `most`; `labels` below 0 are in none. */
export async function borderlines(
  dense: Dense,
  rows: Matrix,
  labels: ArrayLike<number>,
  centres: Matrix,
  mean: Float32Array,
  most: number,
): Promise<Borderline[][]> {
  const found = Array.from({ length: centres.rows }, (): Borderline[] => []);
  if (centres.rows < 2) return found;
  const units = unitWithout(centres, mean);
  for (let from = 0; from < rows.rows; from += BLOCK) {
    const to = Math.min(rows.rows, from + BLOCK);
    const cosines = await dense.product(unitWithout(sliceRows(rows, from, to), mean), units, { transposeB: true });
    for (let row = from; row < to; row++) {
      const own = labels[row]!;
      if (own < 0) continue;
      const { other, cosine } = nearestBut(rowOf(cosines, row - from), own);
      found[own]!.push({ row, other, margin: rowOf(cosines, row - from)[own]! - cosine });
    }
  }
  return found.map((own) => own.sort((a, b) => a.margin - b.margin || a.row - b.row).slice(0, most));
}

function nearestBut(cosines: Float32Array, own: number): { other: number; cosine: number } {
  let other = own === 0 ? 1 : 0;
  for (let k = 0; k < cosines.length; k++) if (k !== own && cosines[k]! > cosines[other]!) other = k;
  return { other, cosine: cosines[other]! };
}

/** Rows less `mean`, of length 1. */
export function unitWithout(matrix: Matrix, mean: Float32Array): Matrix {
  const out = zeros(matrix.rows, matrix.columns);
  for (let i = 0; i < matrix.rows; i++) {
    const [from, to] = [rowOf(matrix, i), rowOf(out, i)];
    let squares = 0;
    for (let j = 0; j < to.length; j++) {
      to[j] = from[j]! - mean[j]!;
      squares += to[j]! * to[j]!;
    }
    if (squares > 0) for (let j = 0, length = Math.sqrt(squares); j < to.length; j++) to[j]! /= length;
  }
  return out;
}
