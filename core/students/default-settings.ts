import type { Device } from '../../contracts/devices.ts';
import type { DistilInput } from '../../contracts/distil.ts';
import type { InspectedBase, TrainingSettings } from '../../contracts/language-model.ts';
import { type BaseShape, shapeOf } from './base-shape.ts';
import { type TrainingPrecision, trainingBytes } from './memory.ts';

/** What of a distillation's input decides how a language model is trained. */
export type TrainingChoices = Pick<DistilInput, 'training' | 'bondBeta' | 'bondGamma' | 'preference' | 'steps' | 'rounds' | 'seed'>;

/** What `defaultSettings` looks at. */
export type SizedBase = Pick<InspectedBase, 'id' | 'parameters' | 'contextTokens' | 'vocabulary'>;

/** Smaller bases learn fast and by large steps; measured on the built-in one (`docs/training.md`). */
const SMALL_PARAMETERS = 50e6;
/** So much of what is free is taken: other programs come and go. */
const USABLE_SHARE = 0.9;
/** Tokens of a row where nobody has counted the longest. */
const ASSUMED_TOKENS = 1024;
/** bfloat16 in hardware from here on (Ampere). */
const BFLOAT16_CAPABILITY = 8;

/** How a base is trained on a device. */
export interface TrainingPlan {
  settings: TrainingSettings;
  /** Rows of one pass; gradients of a step are summed over several. */
  microBatchRows: number;
  /** What a pass takes at its peak. */
  trainBytes: number;
  precision: TrainingPrecision;
  /** Whether that is there. */
  fits: boolean;
}

/** Settings by the base's size and the device, and the rows of one pass; what the input states wins. */
export function defaultSettings(
  base: SizedBase,
  input: TrainingChoices,
  device: Device,
  longestRowTokens: number | null = null,
): TrainingPlan {
  const own = input.training;
  const small = base.parameters < SMALL_PARAMETERS;
  const loraRank = own.loraRank ?? 16;
  const batchRows = own.batchRows ?? 16;
  const maxTokens = own.maxTokens ?? roomFor(base.contextTokens, longestRowTokens);
  const load = { loraRank, tokens: Math.min(maxTokens, longestRowTokens ?? ASSUMED_TOKENS), pairs: input.bondBeta > 0 };
  const pass = choosePass(shapeOf(base), device, load, batchRows);
  const settings: TrainingSettings = {
    loraRank,
    loraAlpha: own.loraAlpha ?? 2 * loraRank,
    loraDropout: own.loraDropout ?? 0.05,
    // 2e-4: T. Dettmers et al., arXiv 2305.14314, appendix B.2, for 7 to 13 billion parameters
    learningRate: own.learningRate ?? (small ? 3e-3 : 2e-4),
    warmupShare: 0.05,
    weightDecay: 0,
    clipNorm: 1,
    batchRows,
    warmupEpochs: own.warmupEpochs ?? (small ? 6 : 3),
    epochs: own.epochs ?? 1,
    steps: input.steps,
    rounds: input.rounds,
    beta: input.bondBeta,
    gamma: input.bondGamma,
    preference: input.preference,
    roundSamples: 4,
    roundTemperature: 1,
    maxTokens,
    dtype: pass.precision === 'float32' ? 'float32' : 'bfloat16',
    fourBit: pass.precision === '4 bit',
    gradientCheckpointing: pass.gradientCheckpointing,
    seed: input.seed,
  };
  return { settings, microBatchRows: pass.microBatchRows, trainBytes: pass.bytes, precision: pass.precision, fits: pass.fits };
}

/** A quarter more than the longest row, since samples may be longer than what was recorded; never more than the context. */
function roomFor(contextTokens: number, longestRowTokens: number | null): number {
  if (longestRowTokens === null) return Math.min(contextTokens, 2 * ASSUMED_TOKENS);
  return Math.min(contextTokens, Math.max(128, 64 * Math.ceil((1.25 * longestRowTokens) / 64)));
}

interface RowLoad {
  loraRank: number;
  tokens: number;
  pairs: boolean;
}

interface Pass {
  precision: TrainingPrecision;
  gradientCheckpointing: boolean;
  microBatchRows: number;
  bytes: number;
  fits: boolean;
}

/** Bytes that one pass of `rows` rows takes. */
function passBytes(shape: BaseShape, load: RowLoad, form: Pick<Pass, 'precision' | 'gradientCheckpointing'>, rows: number): number {
  const sequences = load.pairs ? 2 * rows : rows;
  // an answer is rarely more than half of its row
  const answerTokens = Math.max(1, Math.ceil(load.tokens / 2));
  return trainingBytes(shape, { ...load, ...form, sequences, answerTokens }).total;
}

/**
 * The way to train that changes least: full precision before 4 bit, stored activations before recomputed ones while at
 * least four rows go through at once. Where nothing fits, the smallest, marked.
 */
function choosePass(shape: BaseShape, device: Device, load: RowLoad, batchRows: number): Pass {
  const free = USABLE_SHARE * device.freeBytes;
  const forms = formsOf(device, Math.min(4, batchRows));
  for (const { fewest, ...form } of forms) {
    let rows = batchRows;
    while (rows > fewest && passBytes(shape, load, form, rows) > free) rows = Math.max(fewest, Math.ceil(rows / 2));
    const bytes = passBytes(shape, load, form, rows);
    if (bytes <= free) return { ...form, microBatchRows: rows, bytes, fits: true };
  }
  const { precision, gradientCheckpointing } = forms.at(-1)!;
  const bytes = passBytes(shape, load, { precision, gradientCheckpointing }, 1);
  return { precision, gradientCheckpointing, microBatchRows: 1, bytes, fits: false };
}

function formsOf(device: Device, fewest: number): { precision: TrainingPrecision; gradientCheckpointing: boolean; fewest: number }[] {
  const modern = device.kind === 'cuda' && Number(device.computeCapability ?? 0) >= BFLOAT16_CAPABILITY;
  const precision = modern ? ('16 bit' as const) : ('float32' as const);
  const whole = [
    { precision, gradientCheckpointing: false, fewest },
    { precision, gradientCheckpointing: true, fewest: 1 },
  ];
  return modern ? [...whole, { precision: '4 bit', gradientCheckpointing: true, fewest: 1 }] : whole;
}
