import { UMAP } from 'umap-js';
import type { Dense } from '../learning/dense.ts';
import { type Matrix, rowOf } from '../learning/matrix.ts';
import { nearest } from '../learning/neighbours.ts';
import { seededRandom } from '../random.ts';
import { centred, meanRow } from './smooth.ts';

const NEIGHBOURS = 15;
/** Under that many points UMAP has nothing to show: they come out in a circle. */
const FEWEST = 10;

/**
 * A picture's places for vectors: UMAP (McInnes, Healy and Melville, 2018) on their cosines once what all have in common is
 * taken off; x and y of row i at 2i and 2i + 1, both within 0 to 1. The same vectors and seed give the same places. For
 * people's eyes only: some thousand vectors (centres and a sample) take seconds; distances in it decide nothing.
 */
export async function mapOf(dense: Dense, vectors: Matrix, seed = 7): Promise<Float32Array> {
  if (vectors.rows < FEWEST) return circle(vectors.rows);
  const rows = centred(vectors, meanRow(vectors));
  // UMAP counts a row as a neighbour of its own, and wants one more row than neighbours.
  const k = Math.min(NEIGHBOURS, rows.rows - 2);
  const neighbours = await nearest(dense, rows, rows, k, true);
  const umap = new UMAP({ nNeighbors: k + 1, minDist: 0.6, random: seededRandom(seed), nEpochs: 300 });
  const indices: number[][] = [];
  const distances: number[][] = [];
  for (let i = 0; i < rows.rows; i++) {
    // A row is its own nearest, as UMAP expects.
    indices.push([i, ...neighbours.rows.subarray(i * k, (i + 1) * k)]);
    distances.push([0, ...neighbours.cosines.subarray(i * k, (i + 1) * k)].map((value, j) => (j === 0 ? 0 : Math.max(0, 1 - value))));
  }
  umap.setPrecomputedKNN(indices, distances);
  return scaled(umap.fit(Array.from({ length: rows.rows }, (_, i) => [...rowOf(rows, i)])));
}

function scaled(places: number[][]): Float32Array {
  const out = new Float32Array(places.length * 2);
  for (const axis of [0, 1]) {
    let [low, high] = [Infinity, -Infinity];
    for (const place of places) [low, high] = [Math.min(low, place[axis]!), Math.max(high, place[axis]!)];
    places.forEach((place, i) => (out[2 * i + axis] = high > low ? (place[axis]! - low) / (high - low) : 0.5));
  }
  return out;
}

function circle(points: number): Float32Array {
  const angle = (i: number) => (2 * Math.PI * i) / Math.max(1, points);
  return Float32Array.from({ length: 2 * points }, (_, at) => 0.5 + (at % 2 ? Math.sin(angle(at >> 1)) : Math.cos(angle(at >> 1))) / 2);
}
