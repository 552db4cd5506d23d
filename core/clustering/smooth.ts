import type { Dense } from '../learning/dense.ts';
import { type Matrix, rowOf, zeros } from '../learning/matrix.ts';
import { type NeighbourGraph, neighbourGraph } from '../learning/neighbour-graph.ts';
import { nearest } from '../learning/neighbours.ts';

/** Neighbours of the graphs that stand side by side: steadier than any one of them (docs/clusters.md). */
const NEIGHBOURS = [5, 8, 12];
const MOST_ROUNDS = 12;
/** An edge weighs exp((cosine − 1) / EDGE_TEMPERATURE). */
const EDGE_TEMPERATURE = 0.1;

/** Divides each row by its length, in place; a row of length 0 stays. */
export function toUnitLength(matrix: Matrix): Matrix {
  for (let i = 0; i < matrix.rows; i++) {
    const row = rowOf(matrix, i);
    let squares = 0;
    for (const value of row) squares += value * value;
    if (squares > 0) for (let j = 0, length = Math.sqrt(squares); j < row.length; j++) row[j]! /= length;
  }
  return matrix;
}

/** Mean of the rows. */
export function meanRow(matrix: Matrix): Float32Array {
  const sums = new Float64Array(matrix.columns);
  for (let i = 0; i < matrix.rows; i++) {
    const row = rowOf(matrix, i);
    for (let j = 0; j < row.length; j++) sums[j]! += row[j]!;
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, matrix.rows));
}

/** Rows without what all have in common (`mean`), of length 1. */
export function centred(matrix: Matrix, mean: Float32Array): Matrix {
  const out = zeros(matrix.rows, matrix.columns);
  for (let i = 0; i < matrix.data.length; i++) out.data[i] = matrix.data[i]! - mean[i % matrix.columns]!;
  return toUnitLength(out);
}

/**
 * Each row moves up to twelve times half of the way to its neighbours' weighted mean, Y ← norm(½Y + ½AY): texts of one intent
 * come together along the graph, also where words differ. One such smoothing for each of three numbers of neighbours,
 * side by side. `rows` are centred and of length 1; the result's rows are of length 1.
 */
export async function smoothed(dense: Dense, rows: Matrix): Promise<Matrix> {
  // With few rows a graph of eight neighbours would join them all, and many rounds would make them one.
  const most = Math.max(1, Math.floor(Math.sqrt(rows.rows)));
  const rounds = Math.min(MOST_ROUNDS, Math.floor(most / 2));
  const sizes = [...new Set(NEIGHBOURS.map((k) => Math.min(k, most, rows.rows - 1)))];
  if (rows.rows < 2) return rows;
  const neighbours = await nearest(dense, rows, rows, Math.max(...sizes), true);
  const out = zeros(rows.rows, rows.columns * sizes.length);
  sizes.forEach((k, part) => {
    const graph = neighbourGraph(neighbours, k, (cosine) => Math.exp((cosine - 1) / EDGE_TEMPERATURE), 'row');
    let state = rows;
    for (let round = 0; round < rounds; round++) state = step(graph, state);
    for (let i = 0; i < rows.rows; i++) out.data.set(rowOf(state, i), i * out.columns + part * rows.columns);
  });
  return toUnitLength(out);
}

function step(graph: NeighbourGraph, state: Matrix): Matrix {
  const next = zeros(state.rows, state.columns);
  for (let i = 0; i < state.rows; i++) {
    const target = rowOf(next, i);
    const own = rowOf(state, i);
    for (let j = 0; j < own.length; j++) target[j] = own[j]! / 2;
    for (let e = graph.from[i]!; e < graph.from[i + 1]!; e++) {
      const weight = graph.weights[e]! / 2;
      const other = rowOf(state, graph.to[e]!);
      for (let j = 0; j < other.length; j++) target[j]! += weight * other[j]!;
    }
  }
  return toUnitLength(next);
}
