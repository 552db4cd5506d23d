import fc from 'fast-check';
import { expect, test } from 'vitest';
import { plainDense } from '../learning/dense.ts';
import { rowOf, zeros } from '../learning/matrix.ts';
import { seededRandom } from '../random.ts';
import { cohesionByCut, cosine, smallestCut } from './cohesion.ts';
import { toUnitLength } from './smooth.ts';
import { cutTree, wardTree } from './ward.ts';

function points(rows: number, seed: number) {
  const random = seededRandom(seed);
  const out = zeros(rows, 6);
  out.data.forEach((_, at) => (out.data[at] = random() - 0.3));
  return toUnitLength(out);
}

/** Ward by its definition: of all pairs the one whose merge adds least to the sum of squares. */
function plainWard(vectors: ReturnType<typeof points>): { heights: number[]; partitions: string[] } {
  let groups = Array.from({ length: vectors.rows }, (_, i) => [i]);
  const heights: number[] = [];
  const partitions: string[] = [];
  const middle = (group: number[]) =>
    Float64Array.from({ length: 6 }, (_, j) => group.reduce((sum, i) => sum + rowOf(vectors, i)[j]!, 0) / group.length);
  while (groups.length > 1) {
    let best = { a: 0, b: 1, cost: Infinity };
    for (let a = 0; a < groups.length; a++) {
      for (let b = a + 1; b < groups.length; b++) {
        const [m, n] = [middle(groups[a]!), middle(groups[b]!)];
        const [s, t] = [groups[a]!.length, groups[b]!.length];
        const cost = ((2 * s * t) / (s + t)) * m.reduce((sum, value, j) => sum + (value - n[j]!) ** 2, 0);
        if (cost < best.cost) best = { a, b, cost };
      }
    }
    const merged = [...groups[best.a]!, ...groups[best.b]!].sort((x, y) => x - y);
    groups = [...groups.filter((_, g) => g !== best.a && g !== best.b), merged];
    heights.push(best.cost);
    partitions.push(named(groups));
  }
  return { heights, partitions };
}

const named = (groups: number[][]) =>
  groups
    .map((group) => group.join(','))
    .sort()
    .join(' | ');

test("chains find Ward's tree", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 2, max: 24 }), fc.nat(), async (rows, seed) => {
      const vectors = points(rows, seed);
      const [tree, plain] = [await wardTree(plainDense, vectors), plainWard(vectors)];
      plain.heights.forEach((height, m) => expect(tree.heights[m]).toBeCloseTo(height, 4));
      for (let k = 1; k < rows; k++) {
        const groups: number[][] = [];
        cutTree(tree, k).forEach((group, row) => (groups[group] ??= []).push(row));
        expect(named(groups)).toBe(plain.partitions[rows - 1 - k]);
      }
    }),
    { numRuns: 40 },
  );
});

test("a cut's cohesion is the mean cosine of pairs within its groups, over rows that are not alone", async () => {
  const vectors = points(20, 5);
  const tree = await wardTree(plainDense, vectors);
  const cohesions = cohesionByCut(vectors, tree);
  for (const k of [1, 3, 7, 12]) {
    const groups: number[][] = [];
    cutTree(tree, k).forEach((group, row) => (groups[group] ??= []).push(row));
    let [sum, rows] = [0, 0];
    for (const group of groups.filter(({ length }) => length > 1)) {
      const pairs = group.flatMap((a) => group.filter((b) => b !== a).map((b) => cosine(rowOf(vectors, a), rowOf(vectors, b))));
      sum += (group.length * pairs.reduce((total, value) => total + value, 0)) / pairs.length;
      rows += group.length;
    }
    expect(cohesions[k - 1]).toBeCloseTo(sum / rows, 5);
  }
  expect(cohesions.at(-1)).toBe(1);
  expect(smallestCut(Float32Array.of(0.1, 0.5, 0.4, 0.9, 1), 0.45, 5)).toBe(2);
  expect(smallestCut(Float32Array.of(0.1, 0.5, 0.4, 0.9, 1), 0.8, 3)).toBe(3);
});
