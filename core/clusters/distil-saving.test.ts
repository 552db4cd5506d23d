import { expect, test } from 'vitest';
import { savingUsdPerMonth } from './distil-saving.ts';

const rates = { coreHourUsd: 0.1, gpuHourUsd: 2 };
const traffic = { calls: 1_000, tokensOut: 4_000, costUsd: 3, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-04T00:00:00.000Z' };

test('a month at three days of this traffic', () => {
  // 1,000 calls of 5 ms at $0.10 an hour cost next to nothing.
  expect(savingUsdPerMonth('encoder', traffic, rates)).toBeCloseTo(30, 1);
  // 4,000,000 tokens at 500 a second are 8,000 s at $2 an hour: $4.44, more than the calls cost.
  const heavy = { ...traffic, tokensOut: 4_000_000 };
  expect(savingUsdPerMonth('qwen3-0.6b', heavy, rates)).toBeCloseTo((3 - 4.444) * 10, 1);
});

test('nothing is said of what is not known', () => {
  const of = (change: object, student: string | null = 'encoder') => savingUsdPerMonth(student, { ...traffic, ...change }, rates);
  expect(of({ costUsd: null })).toBeNull();
  expect(of({}, null)).toBeNull();
  expect(of({ lastAt: traffic.firstAt })).toBeNull();
});
