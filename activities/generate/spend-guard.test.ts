import { expect, test } from 'vitest';
import { SpendGuard } from './spend-guard.ts';

test('the cap holds the worst case of everything in flight', () => {
  const guard = new SpendGuard(1, 0.5);
  expect(guard.reserve(0.3)).toBe(true);
  expect(guard.reserve(0.3)).toBe(false);
  guard.settle(0.3, 0.1);
  expect(guard.spentUsd).toBeCloseTo(0.6, 9);
  expect(guard.reserve(0.3)).toBe(true);
  expect(guard.reserve(0.2)).toBe(false);
});
