import { cutGrown, growTree } from '../clustering/grown-tree.ts';
import { meanRow, toUnitLength } from '../clustering/smooth.ts';
import { type Dense, dot } from '../learning/dense.ts';
import { type Matrix, rowOf, takeRows } from '../learning/matrix.ts';
import { unitWithout } from './borders.ts';

/** Rows of either side that a model is shown: nearest its centre, and nearest the other side. */
const SHOWN = { centre: 6, border: 4 };
/** A half of fewer rows is no intent but some stray texts. */
const LEAST_HALF = 4;
/** Clusters whose centres have less in common than this are not asked about. */
const LEAST_CLOSE = 0.3;

/** The groups as they stand when checks are proposed. */
export interface CheckedGroups {
  vectors: Matrix;
  /** The group of each row, from 0; below 0: none. Outliers are neither shown nor counted. */
  labels: readonly number[];
  outliers: readonly boolean[];
  /** System prompt of each group; two of different ones are different tasks. */
  systems: readonly (string | null)[];
}

/** Two sides of which a model is asked whether they are one. */
export interface Proposal {
  /** Group of either side; a split's are equal. */
  groups: [number, number];
  /** Rows shown of either side, nearest its centre first. */
  shown: [number[], number[]];
  /** Rows of either side. */
  sizes: [number, number];
  /** Cosine of the sides' centres, the mean of all rows taken off. */
  cosine: number;
  /** Of a split: all rows of the second side. */
  leaving: number[];
}

/**
 * Groups that may be two: each cut in two by Ward on its members, those first by which Ward would gain most; at most
 * `most`. Groups in `spared` are left alone.
 */
export async function proposeSplits(dense: Dense, groups: CheckedGroups, spared: ReadonlySet<number>, most: number): Promise<Proposal[]> {
  const { unit, mean, centred } = prepared(groups);
  const found: Proposal[] = [];
  for (const [group, { inside, all }] of membersOf(groups).entries()) {
    if (spared.has(group) || inside.length < 2 * LEAST_HALF) continue;
    const grown = await growTree(dense, takeRows(unit, inside), mean);
    const half = await cutGrown(dense, grown, 2, 1);
    const sides = [0, 1].map((side) => inside.filter((_, i) => half[i] === side)) as [number[], number[]];
    if (Math.min(sides[0].length, sides[1].length) < LEAST_HALF) continue;
    const centres = sides.map((rows) => centreOf(centred, rows)) as [Float32Array, Float32Array];
    // Outliers go with the nearer half.
    const nearer = (row: number) => dot(rowOf(centred, row), centres[1]) > dot(rowOf(centred, row), centres[0]);
    const second = new Set(sides[1]);
    const leaving = all.filter((row) => second.has(row) || (groups.outliers[row] && nearer(row)));
    found.push({ ...proposal(centred, [group, group], sides, centres), leaving });
  }
  return found.sort((a, b) => gain(b) - gain(a) || a.groups[0] - b.groups[0]).slice(0, most);
}

/** What Ward's criterion would gain by a split, the sides' lengths left out: far halves first, and of these large ones. */
function gain({ cosine, sizes: [a, b] }: Proposal): number {
  return ((a * b) / (a + b)) * (1 - cosine);
}

/** Pairs of groups that may be one, nearest first, at most `most`; those that `apart` says are two are left out. */
export function proposeMerges(groups: CheckedGroups, apart: readonly (readonly [number, number])[], most: number): Proposal[] {
  const { centred } = prepared(groups);
  const members = membersOf(groups).map(({ inside }) => inside);
  const centres = members.map((rows) => centreOf(centred, rows));
  const two = new Set(apart.map(([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`));
  const pairs: { a: number; b: number; cosine: number }[] = [];
  for (let a = 0; a < centres.length; a++)
    for (let b = a + 1; b < centres.length; b++) {
      if (members[a]!.length === 0 || members[b]!.length === 0 || groups.systems[a] !== groups.systems[b] || two.has(`${a} ${b}`)) continue;
      const cosine = dot(centres[a]!, centres[b]!);
      if (cosine >= LEAST_CLOSE) pairs.push({ a, b, cosine });
    }
  pairs.sort((one, other) => other.cosine - one.cosine || one.a - other.a || one.b - other.b);
  return pairs.slice(0, most).map(({ a, b }) => ({
    ...proposal(centred, [a, b], [members[a]!, members[b]!], [centres[a]!, centres[b]!]),
    leaving: [],
  }));
}

function prepared({ vectors }: CheckedGroups) {
  const unit = toUnitLength({ ...vectors, data: vectors.data.slice() });
  const mean = meanRow(unit);
  return { unit, mean, centred: unitWithout(unit, mean) };
}

function membersOf({ labels, outliers, systems }: CheckedGroups): { inside: number[]; all: number[] }[] {
  const members = systems.map(() => ({ inside: [] as number[], all: [] as number[] }));
  labels.forEach((label, row) => {
    members[label]?.all.push(row);
    if (!outliers[row]) members[label]?.inside.push(row);
  });
  return members;
}

function centreOf(centred: Matrix, rows: readonly number[]): Float32Array {
  return toUnitLength({ rows: 1, columns: centred.columns, data: meanRow(takeRows(centred, rows)) }).data;
}

type Pair<T> = [T, T];

function proposal(centred: Matrix, groups: Pair<number>, sides: Pair<number[]>, centres: Pair<Float32Array>): Omit<Proposal, 'leaving'> {
  const cosineTo = (side: 0 | 1) => (row: number) => dot(rowOf(centred, row), centres[side]);
  const shown = ([0, 1] as const).map((side) => {
    const own = sorted(sides[side], cosineTo(side));
    const margin = (row: number) => cosineTo(side === 0 ? 1 : 0)(row) - cosineTo(side)(row);
    return [...own.slice(0, SHOWN.centre), ...sorted(own.slice(SHOWN.centre), margin).slice(0, SHOWN.border)];
  }) as Pair<number[]>;
  return { groups, shown, sizes: [sides[0].length, sides[1].length], cosine: dot(centres[0], centres[1]) };
}

/** The largest first; of equal ones the lower row. */
function sorted(rows: readonly number[], by: (row: number) => number): number[] {
  const values = new Map(rows.map((row) => [row, by(row)]));
  return rows.toSorted((a, b) => values.get(b)! - values.get(a)! || a - b);
}
