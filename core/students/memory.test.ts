import { expect, test } from 'vitest';
import { catalogued } from './base-shape.ts';
import { type TrainingLoad, adapterParameters, ggufBytes, keyValueBytes, runDiskBytes, servingBytes, trainingBytes } from './memory.ts';

const llama = catalogued('llama-3.1-8b')!;
const load: TrainingLoad = {
  precision: '16 bit',
  loraRank: 16,
  sequences: 4,
  tokens: 512,
  answerTokens: 32,
  gradientCheckpointing: true,
};

test("an adapter's weights are bounded: 41,943,040 for Llama 3.1 8B at rank 16", () => {
  expect(adapterParameters(llama, 16)).toBeGreaterThanOrEqual(41_943_040);
  expect(adapterParameters(llama, 16)).toBeLessThan(1.1 * 41_943_040);
  expect(adapterParameters(llama, 32)).toBe(2 * adapterParameters(llama, 16));
});

test('weights take two bytes in 16 bit and about half a byte in 4, embeddings aside', () => {
  expect(trainingBytes(llama, load).weights).toBe(2 * 8_030_261_248);
  expect(trainingBytes(llama, { ...load, precision: 'float32' }).weights).toBe(4 * 8_030_261_248);
  const embeddings = 128_256 * 4096;
  const four = trainingBytes(llama, { ...load, precision: '4 bit' }).weights;
  expect(four).toBeCloseTo(2 * embeddings + 0.515875 * (8_030_261_248 - embeddings), -3);
});

test('checkpointing keeps 2 bytes a width and layer, and one whole layer', () => {
  const tokens = 4 * 512;
  const logits = 4 * 32 * 128_256 * 16;
  expect(trainingBytes(llama, load).activations).toBe(2 * 4096 * tokens * 32 + 114 * 4096 * tokens + logits);
  expect(trainingBytes(llama, { ...load, gradientCheckpointing: false }).activations).toBe(114 * 4096 * tokens * 32 + logits);
});

test('the total is the sum of its parts', () => {
  const bytes = trainingBytes(llama, load);
  expect(bytes.total).toBe(Math.ceil(bytes.weights + bytes.adapter + bytes.activations + bytes.overhead));
  // a published figure: QLoRA of an 8 B model fits a 16 GB card, 16-bit LoRA does not
  expect(bytes.total).toBeGreaterThan(16e9);
  expect(trainingBytes(llama, { ...load, precision: '4 bit', sequences: 1 }).total).toBeLessThan(10e9);
});

test('a GGUF of Llama 3.1 8B has the published 4.9, 8.5 and 16.1 GB', () => {
  expect(ggufBytes(llama.parameters, 'q4_k_m') / 1e9).toBeCloseTo(4.92, 1);
  expect(ggufBytes(llama.parameters, 'q8_0') / 1e9).toBeCloseTo(8.54, 1);
  expect(ggufBytes(llama.parameters, null) / 1e9).toBeCloseTo(16.07, 1);
});

test('keys and values take 128 KiB a token in Llama 3.1 8B', () => {
  expect(keyValueBytes(llama, 1)).toBe(131_072);
  const one = servingBytes(llama, 'q4_k_m', { tokens: 1000, sequences: 1, loraRank: 16 });
  expect(servingBytes(llama, 'q4_k_m', { tokens: 1000, sequences: 3, loraRank: 16 }) - one).toBe(2000 * 131_072);
});

test('disk holds four copies in 16 bit where a quantised file is made, two where none is', () => {
  const without = runDiskBytes(llama, { quantization: null, loraRank: 16, checkpoints: 0 });
  const quantised = runDiskBytes(llama, { quantization: 'q8_0', loraRank: 16, checkpoints: 0 });
  expect(quantised - without).toBe(2 * 2 * llama.parameters + 2 * ggufBytes(llama.parameters, 'q8_0'));
});
