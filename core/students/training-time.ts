import type { Device } from '../../contracts/devices.ts';
import type { TrainingSettings } from '../../contracts/language-model.ts';
import type { BaseShape } from './base-shape.ts';

/** Dense bfloat16 peaks of cards in FLOP/s, as their makers state them; the first name that is part of the card's counts. */
const PEAKS: readonly (readonly [name: string, flops: number])[] = [
  ['H200', 989e12],
  ['H100', 989e12],
  ['A100', 312e12],
  ['L40S', 362e12],
  ['L4', 121e12],
  ['A10G', 70e12],
  ['A10', 125e12],
  ['4090', 165e12],
  ['3090', 71e12],
  ['V100', 112e12],
  ['T4', 65e12],
];
/** A card that is not in the list. */
const USUAL_PEAK = 100e12;
/** Share of the peak that a LoRA step of short rows reaches; large pre-training runs reach 0.4 to 0.5. */
const CARD_SHARE = 0.25;
/** 4-bit weights are unpacked for every product. */
const FOUR_BIT_SHARE = 0.7;
/** What one core of a server does in float32, kernels of small matrices included. */
const CORE_FLOPS = 25e9;
/** Loading, first kernels, checkpoints. */
const FIXED_SECONDS = 30;

/** What is trained on. */
export interface TrainingWork {
  /** Rows of the training split. */
  rows: number;
  /** Tokens of a row with its answer, on average. */
  rowTokens: number;
}

/** Tokens that go through the base, and what a token costs in FLOP, over a whole training. */
export function trainingFlops(shape: BaseShape, settings: TrainingSettings, work: TrainingWork): { tokens: number; flops: number } {
  const weights = shape.parameters;
  // embeddings are looked up, not multiplied; the head is, at answer positions only
  const multiplied = Math.max(weights - shape.vocabulary * shape.hidden, 0.2 * weights);
  const recomputing = settings.gradientCheckpointing ? 2 : 0;
  const epochTokens = work.rows * work.rowTokens;
  const first = epochTokens * settings.warmupEpochs;
  const compared = settings.beta > 0 ? 2 : 1;
  const anchored = settings.beta > 0 || settings.gamma > 0 ? 2 : 0;
  const second = epochTokens * settings.epochs * settings.rounds * compared;
  const steps = (work.rows / settings.batchRows) * (settings.warmupEpochs + settings.epochs * settings.rounds);
  const share = settings.steps === null || steps === 0 ? 1 : Math.min(1, settings.steps / steps);
  const flops = multiplied * (first * (4 + recomputing) + second * (4 + recomputing + anchored));
  return { tokens: share * (first + second), flops: share * flops };
}

/**
 * Hours that a training takes, within a factor of about two. A token costs 2·N FLOP forward and 2·N back through frozen
 * weights, which need no gradient of their own (the usual 6·N of J. Kaplan et al., arXiv 2001.08361, table 1, without the
 * weights' 2·N); 2·N more where activations are made again, and 2·N for the anchor's pass. Sampling of further rounds is not in it.
 */
export function trainingHours(shape: BaseShape, settings: TrainingSettings, work: TrainingWork, device: Device): number {
  const { flops } = trainingFlops(shape, settings, work);
  return (FIXED_SECONDS + flops / speedOf(device, settings)) / 3600;
}

function speedOf(device: Device, settings: TrainingSettings): number {
  if (device.kind === 'cpu') return device.count * CORE_FLOPS;
  const peak = PEAKS.find(([name]) => device.name.includes(name))?.[1] ?? USUAL_PEAK;
  // tensor cores do float32 as TF32, at half the rate
  const share = settings.fourBit ? FOUR_BIT_SHARE : settings.dtype === 'float32' ? 0.5 : 1;
  return peak * CARD_SHARE * share;
}
