import { bestPairs } from './assignment-problem.ts';
import { cosine } from './cohesion.ts';

/** A cluster as it is compared with those of another run. */
export interface MatchableCluster {
  id: string;
  /** Of the same embedder in both runs. */
  centre: Float32Array;
  /** Ids of rows; those that both runs have say most. May be empty. */
  members: Iterable<string>;
}

export interface ClusterMatch {
  /** Id in the previous run. */
  previous: string;
  /** Id in the next run. */
  next: string;
  /** Gain of the pair, 0 to 1. */
  score: number;
  /** Share of the rows that both runs have and that either cluster holds, which both hold; null where none is shared. */
  overlap: number | null;
  /** Cosine of the centres. */
  similarity: number;
}

export interface Matching {
  /** Clusters that are the same one; in the order of `next`. */
  matched: ClusterMatch[];
  /** New ones. */
  appeared: string[];
  disappeared: string[];
}

/** Pairs below it are two different clusters. */
const LEAST_SCORE = 0.3;
/** Cosines of centres up to which they say nothing: MiniLM's clusters of one domain are seldom further apart. */
const SIMILARITY_FLOOR = 0.6;

/**
 * Which clusters of the next run are which of the previous one: the pairing with the largest sum of gains (Hungarian
 * method). A pair's gain is the Jaccard index of its members among the rows that both runs have (Hennig, "Cluster-wise
 * assessment of cluster stability", Computational Statistics & Data Analysis 2007), averaged with its centres' cosine
 * scaled from [0.6, 1] to [0, 1]; the latter alone where the two share no row. Pairs of less than 0.3 are none.
 */
export function matchClusters(previous: readonly MatchableCluster[], next: readonly MatchableCluster[]): Matching {
  const before = clusterOfRow(previous);
  const after = clusterOfRow(next);
  const pairs = previous.map(() => next.map(() => 0));
  const sizesBefore = previous.map(() => 0);
  const sizesAfter = next.map(() => 0);
  for (const [row, p] of before) {
    const n = after.get(row);
    if (n === undefined) continue;
    pairs[p]![n]!++;
    sizesBefore[p]!++;
    sizesAfter[n]!++;
  }
  const matches = previous.map((old, p) =>
    next.map((young, n): ClusterMatch => {
      const similarity = cosine(old.centre, young.centre);
      const union = sizesBefore[p]! + sizesAfter[n]! - pairs[p]![n]!;
      // A side without shared rows says nothing of overlap: it may hold new rows only.
      const overlap = sizesBefore[p]! > 0 && sizesAfter[n]! > 0 ? pairs[p]![n]! / union : null;
      const closeness = Math.max(0, (similarity - SIMILARITY_FLOOR) / (1 - SIMILARITY_FLOOR));
      return { previous: old.id, next: young.id, overlap, similarity, score: overlap === null ? closeness : (overlap + closeness) / 2 };
    }),
  );
  // What is no pair gains nothing, so that it never costs a true one its place.
  const partners = bestPairs(matches.map((row) => row.map(({ score }) => (score < LEAST_SCORE ? 0 : score))));
  const matched = partners.flatMap((n, p) => (n >= 0 && matches[p]![n]!.score >= LEAST_SCORE ? [matches[p]![n]!] : []));
  const place = new Map(next.map(({ id }, n) => [id, n]));
  matched.sort((a, b) => place.get(a.next)! - place.get(b.next)!);
  const [olds, youngs] = [new Set(matched.map((match) => match.previous)), new Set(matched.map((match) => match.next))];
  return {
    matched,
    appeared: next.map(({ id }) => id).filter((id) => !youngs.has(id)),
    disappeared: previous.map(({ id }) => id).filter((id) => !olds.has(id)),
  };
}

function clusterOfRow(clusters: readonly MatchableCluster[]): Map<string, number> {
  return new Map(clusters.flatMap(({ members }, k) => [...members].map((row): [string, number] => [row, k])));
}

/**
 * How far a cluster moved between two runs or windows of time: 1 − cosine of its centres, 0 (nothing) to 2. Centres are
 * means of unit vectors of one embedder.
 */
export function drift(before: Float32Array, after: Float32Array): number {
  return Math.max(0, 1 - cosine(before, after));
}
