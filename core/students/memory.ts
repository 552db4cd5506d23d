import type { Quantization } from '../../contracts/language-model.ts';
import type { BaseShape } from './base-shape.ts';

/** How a base lies in memory while an adapter is trained on it. */
export type TrainingPrecision = 'float32' | '16 bit' | '4 bit';

/** What one pass of the trainer holds. */
export interface TrainingLoad {
  precision: TrainingPrecision;
  loraRank: number;
  /** Sequences that go through at once: a row is two where best and worst answer are compared. */
  sequences: number;
  /** Of the longest sequence, prompt and answer. */
  tokens: number;
  /** Of the longest answer: only there are logits made. */
  answerTokens: number;
  gradientCheckpointing: boolean;
}

/** Bytes by what they are for. */
export interface TrainingBytes {
  weights: number;
  adapter: number;
  activations: number;
  overhead: number;
  total: number;
}

/** The runtime's own (CUDA context and kernels, or the Python process): measured between 0.4 and 0.6 GB. */
const RUNTIME_BYTES = 0.6e9;
/** What the allocator loses to fragments. */
const FRAGMENTATION = 1.1;
/** Weight, gradient and Adam's two moments, all float32 (S. Rajbhandari et al., arXiv 1910.02054, section 3.1); the frozen anchor's copy. */
const ADAPTER_BYTES = 4 + 4 + 8 + 4;
/**
 * What a layer keeps for the gradient, a token and unit of width: the largest of four bases by `bench/trainer/activations.py`,
 * with dropout and on a processor, whose masks take four bytes where a card's take one. Twice and more what is known of full
 * training (V. Korthikanti et al., arXiv 2205.05198, equation 2: 34), for each layer's input is kept for its adapter, after a
 * dropout of its own.
 */
const ACTIVATION_BYTES: Readonly<Record<TrainingPrecision, number>> = { float32: 162, '16 bit': 114, '4 bit': 114 };
/** NF4 with double quantisation: 4 bits and 0.127 of constants (T. Dettmers et al., arXiv 2305.14314, section 3). */
const NF4_BYTES = (4 + 0.127) / 8;
/** A logit, its log-probability in float32, their gradients, and the anchor's log-probability. */
const LOGIT_BYTES = 2 + 4 + 4 + 2 + 4;

/**
 * Weights of an adapter on every linear layer: rank · (in + out) for each (E. Hu et al., arXiv 2106.09685, section 4.2).
 * Its feed-forward width is taken as 4 · hidden, so that this is a bound: 7 % above for Llama 3.1 8B.
 */
export function adapterParameters(shape: BaseShape, loraRank: number): number {
  const perLayer = 2 * (2 * shape.hidden) + 2 * (shape.hidden + shape.keyWidth) + 3 * (5 * shape.hidden);
  return loraRank * shape.layers * perLayer;
}

function weightBytes(shape: BaseShape, precision: TrainingPrecision): number {
  if (precision === 'float32') return 4 * shape.parameters;
  if (precision === '16 bit') return 2 * shape.parameters;
  // embeddings stay in 16 bit
  const embeddings = Math.min(shape.parameters, shape.vocabulary * shape.hidden);
  return 2 * embeddings + NF4_BYTES * (shape.parameters - embeddings);
}

/**
 * What a training step needs at its peak, a common beginning of prompts not taken into account. With checkpointing a layer's
 * input stays, and one whole layer (V. Korthikanti et al., arXiv 2205.05198, section 4).
 */
export function trainingBytes(shape: BaseShape, load: TrainingLoad): TrainingBytes {
  const width = load.precision === 'float32' ? 2 : 1;
  const tokens = load.sequences * load.tokens;
  const aLayer = ACTIVATION_BYTES[load.precision] * shape.hidden * tokens;
  const layers = load.gradientCheckpointing ? 2 * shape.hidden * tokens * width * shape.layers + aLayer : aLayer * shape.layers;
  const logits = load.sequences * load.answerTokens * shape.vocabulary * LOGIT_BYTES;
  const weights = weightBytes(shape, load.precision);
  const adapter = ADAPTER_BYTES * adapterParameters(shape, load.loraRank);
  const activations = layers + logits;
  const overhead = RUNTIME_BYTES + (FRAGMENTATION - 1) * (weights + adapter + activations);
  return { weights, adapter, activations, overhead, total: Math.ceil(weights + adapter + activations + overhead) };
}

/** Bits a weight in GGUF, scales included: llama.cpp's `quantize` prints them for Llama 3.1 8B. */
const GGUF_BITS: Readonly<Record<Quantization, number>> = { f16: 16, q8_0: 8.5, q4_k_m: 4.89 };

/** Bytes of the base's GGUF. */
export function ggufBytes(parameters: number, quantization: Quantization | null): number {
  return Math.ceil((parameters * GGUF_BITS[quantization ?? 'f16']) / 8);
}

/** Keys and values of so many tokens in 16 bit: 2 · layers · width · 2 bytes each. */
export function keyValueBytes(shape: BaseShape, tokens: number): number {
  return 2 * shape.layers * shape.keyWidth * 2 * tokens;
}

/** What serving takes: the GGUF, an adapter in 16 bit, the tokens of all sequences at once, and the runtime's buffers. */
export function servingBytes(
  shape: BaseShape,
  quantization: Quantization | null,
  load: { tokens: number; sequences: number; loraRank: number },
): number {
  const model = ggufBytes(shape.parameters, quantization);
  const adapter = 2 * adapterParameters(shape, load.loraRank);
  // a batch of 512 tokens' logits in float32 and a layer's activations
  const buffers = 512 * (4 * shape.vocabulary + 34 * shape.hidden);
  return Math.ceil(model + adapter + keyValueBytes(shape, load.tokens * load.sequences) + buffers);
}

/**
 * Disk of a run at its fullest: the base as downloaded and as GGUF in 16 bit, the merged model in both forms, their
 * quantised files, and the checkpoints that are kept (weights and Adam's moments in float32).
 */
export function runDiskBytes(
  shape: BaseShape,
  settings: { quantization: Quantization | null; loraRank: number; checkpoints: number },
): number {
  const sixteen = 2 * shape.parameters;
  const adapter = adapterParameters(shape, settings.loraRank);
  const copies = settings.quantization === null ? 2 : 4;
  const quantised = settings.quantization === null ? 0 : 2 * ggufBytes(shape.parameters, settings.quantization);
  return Math.ceil(copies * sixteen + quantised + settings.checkpoints * 12 * adapter + 4 * adapter);
}
