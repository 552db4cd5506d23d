import { expect, test } from 'vitest';
import type { Split } from '../../contracts/datasets.ts';
import { plainDense } from '../learning/dense.ts';
import { type Matrix, normaliseRows } from '../learning/matrix.ts';
import { inspectRows } from './inspect-rows.ts';

function matrix(rows: number[][]): Matrix {
  return normaliseRows({ rows: rows.length, columns: rows[0]!.length, data: Float32Array.from(rows.flat()) });
}
/** Two bundles of 12 rows each, far apart. */
const bundles = (turn = 0.02) =>
  Array.from({ length: 24 }, (_, i) => (i < 12 ? [Math.cos(i * turn), Math.sin(i * turn), 0] : [0, Math.sin(i * turn) / 10, 1]));
const rows = (vectors: number[][], answers: Int32Array | Matrix, split: (i: number) => Split = () => 'train') => ({
  ids: vectors.map((_, i) => `row-${i}`),
  splits: vectors.map((_, i) => split(i)),
  groups: vectors.map((_, i) => `group-${i}`),
  texts: vectors.map((_, i) => `text ${i}`),
  vectors: matrix(vectors),
  answers,
});

test('a label that its neighbours do not have is suspect, its neighbours hardly', async () => {
  const answers = Int32Array.from({ length: 24 }, (_, i) => (i === 5 ? 1 : i < 12 ? 0 : 1));
  const { suspicion } = await inspectRows(plainDense, rows(bundles(), answers));
  expect(suspicion[5]).toBeCloseTo(1, 5);
  for (const i of [...suspicion.keys()].filter((at) => at !== 5)) expect(suspicion[i]).toBeLessThan(0.3);
});

test('a text that is unlike those of its neighbours is suspect', async () => {
  const answers = matrix(Array.from({ length: 24 }, (_, i) => (i === 15 ? [1, 0] : i < 12 ? [1, 0.1] : [0, 1])));
  const { suspicion } = await inspectRows(plainDense, rows(bundles(), answers));
  expect([...suspicion.keys()].sort((a, b) => suspicion[b]! - suspicion[a]!)[0]).toBe(15);
  expect(suspicion[15]).toBeGreaterThan(0.9);
});

test('a row alone is no suspect, and nothing leaks without training rows', async () => {
  const { suspicion, leakage } = await inspectRows(
    plainDense,
    rows([[1, 0]], Int32Array.of(0), () => 'test'),
  );
  expect([...suspicion]).toEqual([0]);
  expect(leakage).toMatchObject({ testRows: 1, near: 0, nearest: null, pairs: [] });
});

test('rows of the test split that are nearly training rows are counted, by words and by vectors, nearest first', async () => {
  const vectors = [
    [1, 0, 0],
    [0, 1, 0],
    [0.999, 0.01, 0],
    [0, 0, 1],
    [0, 0.5, 1],
  ];
  const given = rows(vectors, new Int32Array(5), (i) => (i < 2 ? 'train' : i === 4 ? 'validation' : 'test'));
  given.texts = ['Where is it?', 'other', 'where is  it', 'else', 'where is it'];
  const { leakage } = await inspectRows(plainDense, given);
  expect(leakage).toMatchObject({ testRows: 2, sharedGroups: 0, sameWords: 1, near: 1 });
  expect(leakage.pairs.map(({ testRow, trainRow }) => [testRow, trainRow])[0]).toEqual(['row-2', 'row-0']);
  expect(leakage.nearest!.max).toBeGreaterThan(0.99);
  expect(leakage.histogram.reduce((sum, { count }) => sum + count, 0)).toBe(2);
  given.groups[2] = 'group-0';
  expect((await inspectRows(plainDense, given)).leakage.sharedGroups).toBe(1);
});
