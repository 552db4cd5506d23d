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

test('an attempt of unknown cost keeps its worst case, and is not called spent', () => {
  const guard = new SpendGuard(1, 0, 0.2);
  expect(guard.reserve(0.5)).toBe(true);
  guard.settle(0.5, null);
  expect(guard.spentUsd).toBe(0);
  expect(guard.isIdle).toBe(true);
  expect(guard.reserve(0.4)).toBe(false);
  expect(guard.reserve(0.3)).toBe(true);
});
