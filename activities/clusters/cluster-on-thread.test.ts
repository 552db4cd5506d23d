import { expect, test } from 'vitest';
import { clusterVectors } from '../../core/clustering/cluster-vectors.ts';
import { toUnitLength } from '../../core/clustering/smooth.ts';
import { rowOf, zeros } from '../../core/learning/matrix.ts';
import { seededRandom } from '../../core/random.ts';
import { createLogger } from '../../platform/logger.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { clusterOnThread } from './cluster-on-thread.ts';

const log = createLogger('test', 'silent');

function vectors(rows: number) {
  const random = seededRandom(rows);
  const out = zeros(rows, 32);
  for (let i = 0; i < rows; i++) rowOf(out, i).forEach((_, j, row) => (row[j] = (j % 8 === i % 8 ? 1 : 0) + 0.4 * random()));
  return toUnitLength(out);
}

test('a thread finds what the caller would have found, and leaves its vectors alone', async () => {
  const given = vectors(300);
  const before = given.data.slice();
  const request = { vectors: given, options: { cohesion: 0.9 }, weights: new Float64Array(300).fill(2) };
  const found = await clusterOnThread(request, { log, threads: 1 }, { signal: new AbortController().signal, progress: () => undefined });
  const dense = await createOnnxDense(1);
  expect(found).toEqual(await clusterVectors(dense, given, request.options, { weights: request.weights }));
  expect(found.clusters).toHaveLength(8);
  expect(found.clusters.reduce((sum, { size, outliers }) => sum + size + outliers, 0)).toBe(600);
  expect(given.data).toEqual(before);
  await dense.close();
});

test("an embedder's own cohesion is what is to be reached, unless it is stated", async () => {
  const pulse = { signal: new AbortController().signal, progress: () => undefined };
  const wanted = async (embedder: { name: string; cohesion?: number }, options = {}) =>
    (await clusterOnThread({ vectors: vectors(60), options, embedder }, { log, threads: 1 }, pulse)).cohesion.wanted;
  expect(await wanted({ name: 'all-MiniLM-L6-v2' })).toBe(0.615);
  expect(await wanted({ name: 'another', cohesion: 0.7 })).toBe(0.7);
  expect(await wanted({ name: 'another', cohesion: 0.7 }, { cohesion: 0.8 })).toBe(0.8);
  expect(await wanted({ name: 'unknown' })).toBeGreaterThan(0.7);
});

test('a stage that is told to end ends', async () => {
  const stop = new AbortController();
  const running = clusterOnThread({ vectors: vectors(2000), options: {} }, { log }, { signal: stop.signal, progress: () => undefined });
  stop.abort(new Error('cancelled'));
  await expect(running).rejects.toThrow('cancelled');
});
