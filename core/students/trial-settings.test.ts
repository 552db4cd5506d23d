import { expect, test } from 'vitest';
import type { TrainingSettings } from '../../contracts/language-model.ts';
import { halton, trialSettings } from './trial-settings.ts';

const settings = { loraRank: 16, loraAlpha: 32, learningRate: 1e-3, warmupEpochs: 4, seed: 7 } as TrainingSettings;

test("Halton's numbers in bases 2 and 3", () => {
  expect([1, 2, 3, 4, 5].map((i) => halton(i, 2))).toEqual([1 / 2, 1 / 4, 3 / 4, 1 / 8, 5 / 8]);
  expect([1, 2, 3, 4].map((i) => Math.round(halton(i, 3) * 9))).toEqual([3, 6, 1, 4]);
});

test('the first trial is the default; the others differ from it and from each other, within their ranges', () => {
  expect(trialSettings(settings, 0)).toBe(settings);
  const others = Array.from({ length: 8 }, (_, i) => trialSettings(settings, i + 1));
  expect(new Set(others.map(({ loraRank, learningRate, warmupEpochs }) => `${loraRank} ${learningRate} ${warmupEpochs}`)).size).toBe(8);
  for (const { loraRank, loraAlpha, learningRate, warmupEpochs, seed } of others) {
    expect([8, 16, 32, 64]).toContain(loraRank);
    expect(loraAlpha).toBe(2 * loraRank);
    expect(learningRate).toBeGreaterThan(3.2e-4);
    expect(learningRate).toBeLessThan(3.1e-3);
    expect([2, 4, 6, 8]).toContain(warmupEpochs);
    expect(seed).toBe(7);
  }
});
