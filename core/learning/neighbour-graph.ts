import type { Neighbours } from './neighbours.ts';

/** Edges in compressed rows: those of row i are `from[i]` up to `from[i + 1]`. */
export interface NeighbourGraph {
  from: Int32Array;
  to: Int32Array;
  weights: Float32Array;
}

/**
 * The graph of nearest neighbours: an edge counts where either end has the other among its `k` nearest. Weights are
 * divided by the root of both ends' sums (`both`), or by the sum of the end that they leave (`row`).
 */
export function neighbourGraph(
  neighbours: Neighbours,
  k: number,
  weightOf: (cosine: number) => number,
  divide: 'both' | 'row',
): NeighbourGraph {
  const rows = neighbours.rows.length / Math.max(1, neighbours.k);
  const edges: Map<number, number>[] = Array.from({ length: rows }, () => new Map());
  for (let from = 0; from < rows; from++) {
    for (let e = from * neighbours.k; e < from * neighbours.k + Math.min(k, neighbours.k); e++) {
      const to = neighbours.rows[e]!;
      if (to < 0) continue;
      const weight = weightOf(neighbours.cosines[e]!);
      edges[from]!.set(to, weight);
      edges[to]!.set(from, weight);
    }
  }
  const sums = edges.map((out) => out.values().reduce((sum, weight) => sum + weight, 0));
  const count = edges.reduce((sum, out) => sum + out.size, 0);
  const graph: NeighbourGraph = { from: new Int32Array(rows + 1), to: new Int32Array(count), weights: new Float32Array(count) };
  let at = 0;
  edges.forEach((out, i) => {
    for (const [to, weight] of out) {
      const divisor = divide === 'both' ? Math.sqrt(sums[i]! * sums[to]!) : sums[i]!;
      graph.to[at] = to;
      graph.weights[at++] = divisor > 0 ? weight / divisor : 0;
    }
    graph.from[i + 1] = at;
  });
  return graph;
}
