import { type Dense, dot } from '../learning/dense.ts';
import { type Matrix, rowOf, takeRows } from '../learning/matrix.ts';
import { nearest } from '../learning/neighbours.ts';
import { assignVector, type ClusterModel, outlierBelow } from './assign-vector.ts';
import { clusterCap, type ClusterOptions, cohesionAt, MINILM_COHESION, RELATIVE_COHESION } from './cluster-options.ts';
import { cosine, meanPairCosine, smallestCut } from './cohesion.ts';
import { type DifferentRows, differentRows, type RowTraits, sampleByHash } from './different-rows.ts';
import { centresOf, cutGrown, growTree } from './grown-tree.ts';
import { meanRow } from './smooth.ts';
import { numbered } from './ward.ts';

/** A group of rows with one intent. */
export interface VectorCluster {
  /** Mean of the members' unit vectors; its length is not 1. Weights and outliers have no part in it. */
  centre: Float32Array;
  /** Weight of the members, outliers left out. */
  size: number;
  /** Weight of the rows that lie nearest here but too far away. */
  outliers: number;
  /** Mean cosine of pairs of different members, −1 to 1; 1 for one alone. */
  coherence: number;
  /** Cosine to the centre from which on a row is a member and no outlier. */
  outlierBelow: number;
  /** Rows nearest the centre, nearest first, at most 50; of equal rows the first. */
  nearest: number[];
  /** Identity of the system prompt that nine in ten of its different members have; null where there is none. */
  system: string | null;
}

export interface GroupedVectors {
  /** Of each row, the number of its cluster: all rows have one, unless there is no cluster at all (then −1). */
  assignment: Int32Array;
  /** Cosine of each row to its cluster's centre; 0 for a row without direction. */
  similarity: Float32Array;
  /** 1: noise. A row without direction (zeros, NaN) is noise in the largest cluster. */
  outlier: Uint8Array;
  /** The largest first. */
  clusters: VectorCluster[];
  /** Mean of the different vectors, for `assignVector`. */
  mean: Float32Array;
}

export interface Clustering extends GroupedVectors {
  /** Cohesion that was asked for and that was reached. */
  cohesion: { wanted: number; reached: number };
  /** The cap cut the number off. */
  capped: boolean;
}

const NEAREST = 50;

/**
 * Sorts vectors into clusters: equal ones collapse, what all have in common is taken off, vectors are smoothed along the
 * graph of nearest neighbours, Ward's tree is cut where the cohesion of the groups is reached, and rows go to their
 * nearest group. Nothing is random, and neither the order of the rows nor their weights move a border. Up to
 * `options.sample` different vectors: n² time, 2 n² bytes; of more a sample is clustered and the rest assigned. Rows of
 * different common system prompts (`traits.systems`) come together in no cluster while the cohesion can be reached apart.
 */
export async function clusterVectors(
  dense: Dense,
  rows: Matrix,
  options: ClusterOptions = {},
  traits: RowTraits = {},
): Promise<Clustering> {
  const different = differentRows(rows, traits);
  const sample = sampleByHash(different.vectors, options.sample ?? 20_000);
  const vectors = sample.length < different.vectors.rows ? takeRows(different.vectors, sample) : different.vectors;
  const systems = Array.from(sample, (row) => different.systems[row]!);
  const mean = meanRow(vectors);
  const { groups, cohesion, capped } = await groupsOf(dense, vectors, systems, mean, options);
  const model = modelOf(vectors, systems, groups, mean);
  const placed = placeAll(different, sample, groups, model);
  return { ...describe(rows.rows, different, placed, model), mean, cohesion, capped };
}

/**
 * Clusters of rows whose groups are known (any number of each row; of equal vectors the first row's counts), described as
 * `clusterVectors` describes those that it has found.
 */
export function regroupVectors(rows: Matrix, labels: ArrayLike<number>, traits: RowTraits = {}): GroupedVectors {
  const different = differentRows(rows, traits);
  const { vectors, systems, places } = different;
  const marks = new Int32Array(vectors.rows);
  for (let row = rows.rows - 1; row >= 0; row--) if (places[row]! >= 0) marks[places[row]!] = labels[row]!;
  const mean = meanRow(vectors);
  const groups = numbered(marks);
  const model = modelOf(vectors, systems, groups, mean);
  const all = Int32Array.from(groups.keys());
  return { ...describe(rows.rows, different, placeAll(different, all, groups, model), model), mean };
}

/** The group of each vector; groups smaller than `minSize` are dissolved. */
async function groupsOf(dense: Dense, vectors: Matrix, systems: string[], mean: Float32Array, options: ClusterOptions) {
  const wanted = cohesionAt(await embedderCohesion(dense, vectors, mean, options), options.granularity);
  if (vectors.rows < 2) return { groups: new Int32Array(vectors.rows), cohesion: { wanted, reached: 1 }, capped: false };
  const grown = await growTree(dense, vectors, mean, systems);
  const found = smallestCut(grown.cohesions, wanted, vectors.rows);
  const k = Math.min(options.clusters ?? Math.min(found, clusterCap(options, vectors.rows)), vectors.rows);
  const groups = await cutGrown(dense, grown, k, options.clusters ? 1 : (options.minSize ?? 2));
  return { groups, cohesion: { wanted, reached: grown.cohesions[k - 1]! }, capped: options.clusters === undefined && k < found };
}

async function embedderCohesion(dense: Dense, vectors: Matrix, mean: Float32Array, { cohesion }: ClusterOptions): Promise<number> {
  if (cohesion !== 'relative') return cohesion ?? MINILM_COHESION;
  const apart = dot(mean, mean);
  const { cosines } = await nearest(dense, vectors, vectors, Math.min(5, vectors.rows - 1), true);
  const close = cosines.reduce((sum, value) => sum + value, 0) / Math.max(1, cosines.length);
  return apart + RELATIVE_COHESION * (close - apart);
}

type KnownCluster = Pick<VectorCluster, 'centre' | 'outlierBelow' | 'system'>;
type Model = Pick<ClusterModel, 'mean'> & { clusters: readonly KnownCluster[] };

/** What assigns further vectors: centres of the groups' raw vectors, and from where on a vector belongs. */
function modelOf(vectors: Matrix, systems: readonly string[], groups: Int32Array, mean: Float32Array): Model {
  const centres = centresOf(vectors, groups);
  const similarities: number[][] = Array.from({ length: centres.rows }, () => []);
  const spoken: Map<string, number>[] = similarities.map(() => new Map());
  groups.forEach((group, i) => {
    similarities[group]!.push(cosine(rowOf(vectors, i), rowOf(centres, group)));
    spoken[group]!.set(systems[i]!, (spoken[group]!.get(systems[i]!) ?? 0) + 1);
  });
  const clusters = similarities.map((own, k): KnownCluster => {
    const main = [...spoken[k]!].find(([system, count]) => system !== '' && count >= 0.9 * own.length);
    return { centre: rowOf(centres, k), outlierBelow: outlierBelow(own), system: main?.[0] ?? null };
  });
  return { mean, clusters };
}

interface Placed {
  groups: Int32Array;
  similarity: Float32Array;
}

/** Sampled vectors stay in their groups, the others are assigned as later ones will be. */
function placeAll({ vectors, systems }: DifferentRows, sample: Int32Array, groups: Int32Array, model: Model): Placed {
  const out = new Int32Array(vectors.rows).fill(-1);
  sample.forEach((row, i) => (out[row] = groups[i]!));
  for (let i = 0; i < out.length; i++) if (out[i]! < 0) out[i] = assignVector(rowOf(vectors, i), model, systems[i]!).cluster;
  return { groups: out, similarity: Float32Array.from(out, (group, i) => cosine(rowOf(vectors, i), model.clusters[group]!.centre)) };
}

/** From different vectors back to rows; clusters are numbered from the largest, of equal ones the first in the vectors' order. */
function describe(rows: number, different: DifferentRows, { groups, similarity }: Placed, { clusters }: Model) {
  const { vectors, weights, places } = different;
  const far = similarity.map((value, i) => (value < clusters[groups[i]!]!.outlierBelow ? 1 : 0));
  const first = new Int32Array(vectors.rows).fill(-1);
  places.forEach((place, row) => {
    if (place >= 0 && first[place]! < 0) first[place] = row;
  });
  const described = clusters.map(({ centre, outlierBelow: below, system }, group): VectorCluster => {
    const members = [...groups.keys()].filter((i) => groups[i] === group);
    const inside = members.filter((i) => !far[i]);
    const sum = new Float64Array(centre.length);
    for (const i of inside) rowOf(vectors, i).forEach((value, j) => (sum[j]! += value));
    const closest = inside.sort((a, b) => similarity[b]! - similarity[a]! || a - b).slice(0, NEAREST);
    const weight = (of: number[]) => of.reduce((total, i) => total + weights[i]!, 0);
    const size = weight(inside);
    const coherence = meanPairCosine(sum, inside.length);
    return {
      centre,
      size,
      outliers: weight(members) - size,
      coherence,
      outlierBelow: below,
      nearest: closest.map((i) => first[i]!),
      system,
    };
  });
  const order = described.map((_, k) => k).sort((a, b) => described[b]!.size - described[a]!.size || a - b);
  const rank = Int32Array.from(order, (_, k) => order.indexOf(k));
  const none = described.length > 0 ? 0 : -1;
  return {
    assignment: places.map((place) => (place < 0 ? none : rank[groups[place]!]!)),
    similarity: Float32Array.from(places, (place) => (place < 0 ? 0 : similarity[place]!)),
    outlier: Uint8Array.from({ length: rows }, (_, row) => (places[row]! < 0 ? 1 : far[places[row]!]!)),
    clusters: order.map((k) => described[k]!),
  };
}
