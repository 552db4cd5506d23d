import type { Dense } from '../learning/dense.ts';
import { largestColumns, type Matrix, rowOf, sliceRows, takeRows, zeros } from '../learning/matrix.ts';
import { cohesionByCut } from './cohesion.ts';
import { centred, smoothed, toUnitLength } from './smooth.ts';
import { cutTree, type Merges, numbered, wardTree } from './ward.ts';

const REFINE_ROUNDS = 10;

/** What clusters are cut from, at any number of them. */
export interface GrownTree {
  /** Smoothed vectors. */
  smooth: Matrix;
  tree: Merges;
  /** Cohesion on the vectors themselves with K groups, at K − 1. */
  cohesions: Float32Array;
}

/** Ward's tree of the smoothed vectors; at least two unit vectors, their mean and, where they matter, their system prompts. */
export async function growTree(dense: Dense, vectors: Matrix, mean: Float32Array, systems: readonly string[] = []): Promise<GrownTree> {
  const smooth = await smoothed(dense, withSystems(centred(vectors, mean), systems));
  const tree = await wardTree(dense, smooth);
  return { smooth, tree, cohesions: cohesionByCut(vectors, tree, systems) };
}

/**
 * Unit vectors with a further number for each system prompt, 1 where it is the row's: two rows of different prompts are
 * further apart than two of one prompt, whatever they say. Without prompts, or with one for all, nothing changes.
 */
function withSystems(vectors: Matrix, systems: readonly string[]): Matrix {
  const names = [...new Set(systems)].filter((system) => system !== '').sort();
  if (names.length === 0 || (names.length === 1 && !systems.includes(''))) return vectors;
  const out = zeros(vectors.rows, vectors.columns + names.length);
  for (let i = 0; i < vectors.rows; i++) {
    rowOf(out, i).set(rowOf(vectors, i));
    const place = names.indexOf(systems[i]!);
    if (place >= 0) rowOf(out, i)[vectors.columns + place] = 1;
  }
  return toUnitLength(out);
}

/** The tree cut into `k` groups, rows moved to their nearest group, groups smaller than `minSize` dissolved: the group of each row. */
export async function cutGrown(dense: Dense, { smooth, tree }: GrownTree, k: number, minSize: number): Promise<Int32Array> {
  return dissolveSmall(dense, smooth, await refine(dense, smooth, cutTree(tree, k)), minSize);
}

/** Means of the groups. */
export function centresOf(vectors: Matrix, groups: Int32Array): Matrix {
  const centres = zeros(groups.reduce((most, group) => Math.max(most, group), -1) + 1, vectors.columns);
  const sizes = new Float64Array(centres.rows);
  for (let i = 0; i < vectors.rows; i++) {
    const centre = rowOf(centres, groups[i]!);
    const row = rowOf(vectors, i);
    sizes[groups[i]!]!++;
    for (let j = 0; j < row.length; j++) centre[j]! += row[j]!;
  }
  for (let i = 0; i < centres.data.length; i++) centres.data[i]! /= sizes[Math.floor(i / centres.columns)]!;
  return centres;
}

/** Place of the largest cosine with `centres` (of length 1) for each row, in blocks. */
export async function nearestCentres(dense: Dense, vectors: Matrix, centres: Matrix): Promise<Int32Array> {
  const out = new Int32Array(vectors.rows);
  for (let from = 0; from < vectors.rows; from += 2048) {
    const to = Math.min(vectors.rows, from + 2048);
    out.set(largestColumns(await dense.product(sliceRows(vectors, from, to), centres, { transposeB: true })), from);
  }
  return out;
}

/**
 * Rows go to the nearest centre, centres to the mean of their rows, until nothing moves or a group would be lost (spherical
 * k-means, from the tree's groups).
 */
async function refine(dense: Dense, smooth: Matrix, start: Int32Array): Promise<Int32Array> {
  let groups = start;
  for (let round = 0; round < REFINE_ROUNDS; round++) {
    const centres = toUnitLength(centresOf(smooth, groups));
    const next = numbered(await nearestCentres(dense, smooth, centres));
    const isSettled = next.every((group, i) => group === groups[i]);
    if (isSettled || new Set(next).size < centres.rows) break;
    groups = next;
  }
  return groups;
}

/** Members of groups smaller than `minSize` go to the nearest of the others; where none is large enough all stay. */
async function dissolveSmall(dense: Dense, smooth: Matrix, groups: Int32Array, minSize: number): Promise<Int32Array> {
  const sizes = new Map<number, number>();
  for (const group of groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const kept = [...sizes.keys()].filter((group) => sizes.get(group)! >= minSize).sort((a, b) => a - b);
  if (kept.length === 0 || kept.length === sizes.size) return groups;
  const centres = toUnitLength(takeRows(centresOf(smooth, groups), kept));
  const nearest = await nearestCentres(dense, smooth, centres);
  return numbered(groups.map((group, i) => (sizes.get(group)! >= minSize ? group : kept[nearest[i]!]!)));
}
