import { expect, test } from 'vitest';
import { mcnemarExact } from './mcnemar.ts';

test('agrees with the binomial tail counted by hand', () => {
  expect(mcnemarExact(1, 9)).toBeCloseTo((2 * (1 + 10)) / 1024, 12);
  expect(mcnemarExact(9, 1)).toBeCloseTo((2 * (1 + 10)) / 1024, 12);
  expect(mcnemarExact(0, 6)).toBeCloseTo(2 / 64, 12);
});

test('even pairs and none at all prove nothing', () => {
  expect(mcnemarExact(0, 0)).toBe(1);
  expect(mcnemarExact(7, 7)).toBe(1);
});

test('thousands of pairs neither overflow nor underflow', () => {
  expect(mcnemarExact(2500, 2500)).toBe(1);
  // Normal approximation with continuity correction: z = (200 - 1) / sqrt(5000) = 2.814, p = .0049
  expect(mcnemarExact(2400, 2600)).toBeCloseTo(0.0049, 4);
});
