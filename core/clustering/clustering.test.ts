import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainDense } from '../learning/dense.ts';
import { type Matrix, rowOf, takeRows, zeros } from '../learning/matrix.ts';
import { seededRandom, shuffled } from '../random.ts';
import { partitionAgreement } from '../statistics/partition-agreement.ts';
import { assignVector } from './assign-vector.ts';
import { type Clustering, clusterVectors, regroupVectors } from './cluster-vectors.ts';
import { toUnitLength } from './smooth.ts';

/** Unit vectors around up to eight directions that share a part, as sentence vectors do. */
function blobs(groups: number, each: number, seed: number, noise = 0.2): { vectors: Matrix; truth: number[] } {
  const random = seededRandom(seed);
  const draw = () => 2 * (random() + random() + random() - 1.5);
  const vectors = zeros(groups * each, 24);
  const truth = Array.from({ length: groups * each }, (_, i) => i % groups);
  truth.forEach((group, i) => {
    const row = rowOf(vectors, i);
    for (let j = 0; j < row.length; j++) row[j] = 0.3 + (Math.floor(j / 3) === group ? 1 : 0) + noise * draw();
  });
  return { vectors: toUnitLength(vectors), truth };
}

const options = { cohesion: 0.86 };
const cluster = (vectors: Matrix, more: object = {}, weights?: number[]) =>
  clusterVectors(plainDense, vectors, { ...options, ...more }, weights ? { weights } : {});

const centresOf = ({ clusters }: Clustering) => clusters.map(({ centre }) => centre.join(' ')).sort();

describe('clusters of vectors', () => {
  test('groups are found, and their number', async () => {
    for (const groups of [1, 3, 8]) {
      const { vectors, truth } = blobs(groups, 25, groups);
      const { assignment, clusters, outlier } = await cluster(vectors);
      expect(clusters).toHaveLength(groups);
      expect(partitionAgreement(assignment, truth).ari).toBe(1);
      expect(outlier.reduce((sum, far) => sum + far, 0)).toBeLessThan(groups * 2);
      expect(clusters.reduce((sum, { size, outliers }) => sum + size + outliers, 0)).toBe(groups * 25);
      for (const { nearest, coherence } of clusters) {
        expect(new Set(nearest.map((row) => truth[row])).size).toBe(1);
        expect(coherence).toBeGreaterThan(0.7);
      }
    }
  });

  test('the order of the rows has no part in it, nor what they weigh; all are assigned', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 15 }), fc.nat(), async (groups, each, seed) => {
        const { vectors } = blobs(groups, each, seed, 0.4);
        const order = shuffled(vectors.rows, seededRandom(seed + 1));
        const weights = [...order].map((row) => 1 + (row % 7));
        const [straight, mixed] = [await cluster(vectors), await cluster(takeRows(vectors, order), {}, weights)];
        const back = new Int32Array(vectors.rows);
        order.forEach((row, i) => (back[row] = mixed.assignment[i]!));
        expect(partitionAgreement(straight.assignment, back).ari).toBe(1);
        // To the bit.
        expect(centresOf(mixed)).toEqual(centresOf(straight));
        expect(mixed.clusters).toHaveLength(straight.clusters.length);
        expect(Math.min(...straight.assignment)).toBeGreaterThanOrEqual(0);
        expect(Math.max(...straight.assignment)).toBeLessThan(straight.clusters.length);
        expect(mixed.clusters.reduce((sum, { size, outliers }) => sum + size + outliers, 0)).toBe(weights.reduce((a, b) => a + b, 0));
        expect(await cluster(vectors)).toEqual(straight);
      }),
      { numRuns: 30 },
    );
  });

  test('equal distances are no matter of order either', async () => {
    const corner = fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 24, maxLength: 24 });
    await fc.assert(
      fc.asyncProperty(fc.array(corner, { minLength: 2, maxLength: 40 }), fc.nat(), async (corners, seed) => {
        const vectors: Matrix = { rows: corners.length, columns: 24, data: Float32Array.from(corners.flat()) };
        const order = shuffled(vectors.rows, seededRandom(seed));
        const [straight, mixed] = [await cluster(vectors, { cohesion: 0.6 }), await cluster(takeRows(vectors, order), { cohesion: 0.6 })];
        expect(Array.from(order, (row) => straight.assignment[row])).toEqual([...mixed.assignment]);
        expect(centresOf(mixed)).toEqual(centresOf(straight));
      }),
      { numRuns: 60 },
    );
  });

  test('a number that is given is kept, a cap too, and granularity moves the found one', async () => {
    const { vectors } = blobs(6, 20, 3);
    for (const clusters of [1, 4, 11]) expect((await cluster(vectors, { clusters })).clusters).toHaveLength(clusters);
    const capped = await cluster(vectors, { cohesion: 0.99, maxClusters: 5 });
    expect([capped.capped, capped.clusters.length]).toEqual([true, 5]);
    const counts = [];
    for (const granularity of [0, 0.25, 0.5, 0.75, 1]) counts.push((await cluster(vectors, { granularity })).clusters.length);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(counts.at(-1)).toBeGreaterThan(counts[0]!);
  });

  test('more rows than the sample are assigned to what the sample came to', async () => {
    const { vectors, truth } = blobs(5, 80, 4);
    const { assignment, clusters } = await cluster(vectors, { sample: 100 });
    expect(clusters).toHaveLength(5);
    expect(partitionAgreement(assignment, truth).ari).toBe(1);
  });

  test('later vectors go where their like are; what is like nothing is noise', async () => {
    const { vectors, truth } = blobs(5, 60, 5);
    const [known, later] = [takeRows(vectors, [...truth.keys()].slice(0, 200)), takeRows(vectors, [...truth.keys()].slice(200))];
    const model = await cluster(known);
    const places = [...truth.keys()].slice(200).map((_, i) => assignVector(rowOf(later, i), model));
    expect(
      partitionAgreement(
        places.map(({ cluster: k }) => k),
        truth.slice(200),
      ).ari,
    ).toBe(1);
    expect(places.filter(({ outlier }) => outlier).length).toBeLessThan(5);
    const strange = rowOf(later, 0).map((value) => -value);
    expect(assignVector(strange, model).outlier).toBe(true);
    // The length of a vector says nothing.
    for (const scale of [0.01, 7]) {
      places.forEach((place, i) => {
        const scaled = assignVector(
          rowOf(later, i).map((value) => value * scale),
          model,
        );
        expect([scaled.cluster, scaled.outlier]).toEqual([place.cluster, place.outlier]);
      });
    }
    expect(assignVector(new Float32Array(24), model)).toEqual({ cluster: 0, similarity: 0, outlier: true });
    expect(assignVector(rowOf(later, 0), { mean: model.mean, clusters: [] })).toEqual({ cluster: -1, similarity: 0, outlier: true });
  });

  test('what stands under different system prompts is different work', async () => {
    const { vectors, truth } = blobs(3, 40, 7);
    // Two apps that hear the same things, and prompts that are no two times the same.
    const systems = truth.map((_, i) => (i < 50 ? 'translates' : i < 100 ? 'summarises' : `of user ${i}`));
    const found = await clusterVectors(plainDense, vectors, options, { systems });
    const tasks = truth.map((group, i) => 3 * Number(i >= 50) + group);
    expect(partitionAgreement([...found.assignment].slice(0, 100), tasks.slice(0, 100)).ari).toBeGreaterThan(0.95);
    found.clusters.forEach(({ system }, k) => {
      const own = systems.filter((name, i) => found.assignment[i] === k && !name.startsWith('of user'));
      if (system !== null) expect(new Set(own)).toEqual(new Set([system]));
    });
    const later = rowOf(vectors, 3);
    for (const system of ['translates', 'summarises']) {
      expect(found.clusters[assignVector(later, found, system).cluster]!.system).toBe(system);
    }
    // Of one prompt for all nothing changes.
    const one = await clusterVectors(plainDense, vectors, options, { systems: truth.map(() => 'translates') });
    expect(one.assignment).toEqual((await cluster(vectors)).assignment);
  });

  test('an embedder that was not calibrated has a cohesion of its vectors', async () => {
    const { vectors, truth } = blobs(6, 30, 6);
    const { assignment, cohesion } = await cluster(vectors, { cohesion: 'relative' });
    expect(cohesion.wanted).toBeGreaterThan(0.5);
    expect(partitionAgreement(assignment, truth).ari).toBeGreaterThan(0.8);
  });
});

describe('vectors that are no traffic', () => {
  const filled = (rows: number, value: (i: number, j: number) => number): Matrix => {
    const out = zeros(rows, 24);
    out.data.forEach((_, at) => (out.data[at] = value(Math.floor(at / 24), at % 24)));
    return out;
  };

  test('ten thousand equal ones are one cluster', async () => {
    const { clusters, assignment, outlier } = await cluster(filled(10_000, (_, j) => j + 1));
    expect(clusters).toMatchObject([{ size: 10_000, outliers: 0, coherence: 1, nearest: [0] }]);
    expect(new Set(assignment)).toEqual(new Set([0]));
    expect(outlier.includes(1)).toBe(false);
  });

  test('none, one, two and five', async () => {
    expect(await cluster(zeros(0, 24))).toMatchObject({ clusters: [], capped: false });
    for (const rows of [1, 2, 5]) {
      const { vectors } = blobs(1, rows, rows);
      const { clusters, assignment } = await cluster(vectors);
      expect(assignment).toEqual(new Int32Array(rows));
      expect(clusters).toHaveLength(1);
      expect((await cluster(vectors, { clusters: 9 })).clusters).toHaveLength(rows);
    }
  });

  test('rows without direction are noise in the largest cluster', async () => {
    const { vectors } = blobs(2, 20, 9);
    rowOf(vectors, 4).fill(NaN);
    rowOf(vectors, 6)[3] = Infinity;
    rowOf(vectors, 8).fill(0);
    const { assignment, outlier, similarity, clusters } = await cluster(vectors);
    for (const row of [4, 6, 8]) expect([assignment[row], outlier[row], similarity[row]]).toEqual([0, 1, 0]);
    expect(clusters).toHaveLength(2);
    for (const { centre } of clusters) expect(centre.every(Number.isFinite)).toBe(true);
    const nothing = await cluster(filled(5, () => NaN));
    expect([nothing.clusters, [...nothing.assignment], [...nothing.outlier]]).toEqual([[], [-1, -1, -1, -1, -1], [1, 1, 1, 1, 1]]);
  });
});

test('groups that are known are described as those that are found', async () => {
  const { vectors } = blobs(5, 20, 4);
  const weights = Array.from({ length: vectors.rows }, (_, i) => 1 + (i % 3));
  const { cohesion: _, capped: __, ...found } = await cluster(vectors, {}, weights);
  const marks = found.assignment.map((group) => 100 - 7 * group);
  expect(regroupVectors(vectors, marks, { weights })).toEqual(found);
  const together = regroupVectors(
    vectors,
    found.assignment.map((group) => Math.max(1, group)),
  );
  expect(together.clusters.map(({ size, outliers }) => size + outliers)).toEqual([40, 20, 20, 20]);
});
