import type { TrainingSettings } from '../../contracts/language-model.ts';

const RANKS = [8, 16, 32, 64] as const;
const PASSES = [0.5, 1, 1.5, 2] as const;

/**
 * Settings of one trial of a search, from 0: the first is what the base's size suggests, the others spread over rank, rate
 * (a third to three times) and passes by a Halton sequence in bases 2, 3 and 5 (J. Halton, 1960), which covers the space
 * evenly however few trials there are.
 */
export function trialSettings(settings: TrainingSettings, trial: number): TrainingSettings {
  if (trial === 0) return settings;
  const loraRank = RANKS[Math.floor(RANKS.length * halton(trial, 2))]!;
  const rate = settings.learningRate * 3 ** (2 * halton(trial, 3) - 1);
  const warmupEpochs = Math.max(1, settings.warmupEpochs * PASSES[Math.floor(PASSES.length * halton(trial, 5))]!);
  // Two digits: what is shown is what was used.
  return { ...settings, loraRank, loraAlpha: 2 * loraRank, learningRate: Number(rate.toPrecision(2)), warmupEpochs };
}

/** The number of an index in a Halton sequence: its digits in the base, mirrored behind the point. In (0, 1) from index 1 on. */
export function halton(index: number, base: number): number {
  let result = 0;
  for (let left = index, digit = 1 / base; left > 0; left = Math.floor(left / base), digit /= base) result += digit * (left % base);
  return result;
}
