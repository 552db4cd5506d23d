import type { Dense } from './dense.ts';
import { type Matrix, normaliseRows, rowOf, sliceRows, zeros } from './matrix.ts';
import { neighbourGraph } from './neighbour-graph.ts';
import { nearest } from './neighbours.ts';

export interface SpreadOptions {
  /** Neighbours a row in the graph. */
  k?: number;
  /** An edge weighs exp((cosine − 1) / edgeTemperature). */
  edgeTemperature?: number;
  /** Share that a row takes from its neighbours in each round, the rest from its own label. */
  alpha?: number;
  rounds?: number;
}

/**
 * Label spreading (Zhou et al., "Learning with local and global consistency", NIPS 2003): labels flow along the graph of
 * nearest neighbours over labelled and unlabelled rows together. `features` has the labelled rows first, `targets` their
 * distributions. Returns the distributions of the unlabelled rows; one that nothing reached is uniform.
 */
export async function spreadLabels(dense: Dense, features: Matrix, targets: Matrix, options: SpreadOptions = {}): Promise<Matrix> {
  const { k = 10, edgeTemperature = 0.1, alpha = 0.8, rounds = 20 } = options;
  const neighbours = await nearest(dense, features, features, Math.min(k, features.rows - 1), true);
  const graph = neighbourGraph(neighbours, k, (cosine) => Math.exp((cosine - 1) / edgeTemperature), 'both');
  const labels = targets.columns;
  const labelled = targets.rows;
  let state = zeros(features.rows, labels);
  state.data.set(targets.data);
  for (let round = 0; round < rounds; round++) {
    const next = zeros(features.rows, labels);
    for (let i = 0; i < features.rows; i++) {
      const row = rowOf(next, i);
      for (let e = graph.from[i]!; e < graph.from[i + 1]!; e++) {
        const weight = alpha * graph.weights[e]!;
        const base = graph.to[e]! * labels;
        for (let label = 0; label < labels; label++) row[label]! += weight * state.data[base + label]!;
      }
      if (i >= labelled) continue;
      const own = rowOf(targets, i);
      for (let label = 0; label < labels; label++) row[label]! += (1 - alpha) * own[label]!;
    }
    state = next;
  }
  const spread = sliceRows(state, labelled, features.rows);
  return normaliseRows({ ...spread, data: spread.data.slice() });
}
