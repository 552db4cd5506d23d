import { expect, test } from 'vitest';
import { plainDense } from '../learning/dense.ts';
import type { Matrix } from '../learning/matrix.ts';
import { borderlines, nearestOthers } from './borders.ts';

const matrix = (rows: number[][]): Matrix => ({ rows: rows.length, columns: rows[0]!.length, data: Float32Array.from(rows.flat()) });
const NONE = Float32Array.from([0, 0, 0]);
// Two centres near each other, one far away.
const CENTRES = matrix([
  [1, 0, 0],
  [0.8, 0.6, 0],
  [0, 0, 1],
]);

test('the nearest other clusters, nearest first', async () => {
  expect(await nearestOthers(plainDense, CENTRES, NONE, 2)).toEqual([
    [1, 2],
    [0, 2],
    [0, 1],
  ]);
});

test('a row between two centres is borderline, and which other it is near', async () => {
  const rows = matrix([
    [1, 0, 0],
    [0.95, 0.31, 0],
    [0, 0, 1],
  ]);
  const [first, second, third] = await borderlines(plainDense, rows, [0, 0, 2], CENTRES, NONE, 1);
  expect(first).toEqual([{ row: 1, other: 1, margin: expect.closeTo(0.005, 2) as number }]);
  expect(second).toEqual([]);
  expect(third).toMatchObject([{ row: 2, margin: 1 }]);
  expect(await borderlines(plainDense, rows, [0, 0, 0], matrix([[1, 0, 0]]), NONE, 1)).toEqual([[]]);
});
