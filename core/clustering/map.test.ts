import { expect, test } from 'vitest';
import { plainDense } from '../learning/dense.ts';
import { zeros } from '../learning/matrix.ts';
import { seededRandom } from '../random.ts';
import { mapOf } from './map.ts';

test.each([0, 1, 9, 10, 11, 17, 40])('%i vectors have places within 0 to 1, the same each time', async (rows) => {
  const random = seededRandom(3);
  const vectors = zeros(rows, 8);
  vectors.data.forEach((_, i) => (vectors.data[i] = random() - 0.5));
  const places = await mapOf(plainDense, vectors);
  expect(places).toHaveLength(2 * rows);
  for (const value of places) expect(value >= 0 && value <= 1).toBe(true);
  expect(await mapOf(plainDense, vectors)).toEqual(places);
});
