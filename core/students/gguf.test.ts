import { describe, expect, test } from 'vitest';
import { CHAT_MODEL, ggufFile } from '../../test/support/gguf-file.ts';
import { readGgufHeader } from './gguf-header.ts';
import { baseOfAdapter, ggufModel, requireAdapterFits } from './gguf-model.ts';

const MODEL = { 'token_embd.weight': [8, 4], 'blk.0.attn_q.weight': [8, 16] };
const ADAPTER = {
  'general.architecture': { string: 'llama' },
  'general.type': { string: 'adapter' },
  'adapter.type': { string: 'lora' },
  'general.base_model.0.repo_url': { string: 'https://huggingface.co/someone/Tiny' },
};
const lora = (a: number[], b: number[]) => ({ 'blk.0.attn_q.weight.lora_a': a, 'blk.0.attn_q.weight.lora_b': b });
const header = (metadata: Parameters<typeof ggufFile>[0], tensors: Record<string, number[]>) =>
  readGgufHeader(ggufFile(metadata, tensors))!;

describe('the header', () => {
  test('is read whole, or not at all while bytes are missing', () => {
    const file = ggufFile(CHAT_MODEL, MODEL);
    const whole = readGgufHeader(file)!;
    expect(whole.tensors).toEqual([
      { name: 'token_embd.weight', shape: [8, 4] },
      { name: 'blk.0.attn_q.weight', shape: [8, 16] },
    ]);
    expect(whole.metadata.get('llama.attention.layer_norm_rms_epsilon')).toBeCloseTo(1e-5, 12);
    expect(whole.lastOffset).toBe(128);
    expect(file.length).toBe(whole.dataStart + 128 + 4 * 128);
    for (let length = 0; length < file.length - 128 - 4 * 128 - 32; length += 7)
      expect(readGgufHeader(file.subarray(0, length))).toBeNull();
  });

  test.each([
    ['PK zip', Buffer.from('PK\u0003\u0004 and more of it'), /does not begin with "GGUF"/],
    ['another version', Buffer.from('GGUF\u0009\u0000\u0000\u0000'), /version is 9/],
    ['a count that no file has', Buffer.concat([Buffer.from('GGUF\u0003\u0000\u0000\u0000'), Buffer.alloc(8, 0xff)]), /claims/],
  ])('%s is refused', (_, bytes, reason) => {
    expect(() => readGgufHeader(bytes)).toThrow(reason);
  });
});

describe('a whole model', () => {
  test('says what serving needs', () => {
    expect(ggufModel(header(CHAT_MODEL, MODEL))).toEqual({
      architecture: 'llama',
      name: 'Tiny',
      licence: 'apache-2.0',
      parameters: 32 + 128,
      contextTokens: 512,
      vocabulary: 4,
      chatTemplate: expect.stringContaining('messages'),
      controlTokens: ['<s>', '<|im_end|>'],
      quantization: 'f16',
    });
  });

  test.each([
    ['tokenizer.chat_template', /no chat template/],
    ['llama.context_length', /how many tokens/],
    ['tokenizer.ggml.tokens', /no vocabulary/],
    ['general.architecture', /no architecture/],
  ])('without %s is refused', (key, reason) => {
    const { [key]: _, ...rest } = CHAT_MODEL;
    expect(() => ggufModel(header(rest, MODEL))).toThrow(reason);
  });

  test('an adapter is none', () => {
    expect(() => ggufModel(header(ADAPTER, lora([8, 2], [2, 16])))).toThrow(/is an adapter, not a whole model/);
  });
});

describe('an adapter', () => {
  const base = header(CHAT_MODEL, MODEL);

  test('names its base, and fits where its sides are the base’s', () => {
    const adapter = header(ADAPTER, lora([8, 2], [2, 16]));
    expect(baseOfAdapter(adapter)).toBe('someone/Tiny');
    expect(baseOfAdapter(base)).toBeNull();
    expect(() => requireAdapterFits(adapter, base)).not.toThrow();
  });

  test.each([
    ['another width', ADAPTER, lora([6, 2], [2, 16]), /has a side of 6, and the base's has 8/],
    ['another height', ADAPTER, lora([8, 2], [2, 12]), /has a side of 12, and the base's has 16/],
    ['an unknown tensor', ADAPTER, { 'blk.7.attn_q.weight.lora_a': [8, 2] }, /which the base has not/],
    [
      'another architecture',
      { ...ADAPTER, 'general.architecture': { string: 'qwen3' } },
      lora([8, 2], [2, 16]),
      /"qwen3", and the base is a "llama"/,
    ],
    ['no weights', ADAPTER, {}, /no weights/],
    ['a model', CHAT_MODEL, MODEL, /no LoRA adapter/],
  ])('%s is refused', (_, metadata, tensors, reason) => {
    expect(() => requireAdapterFits(header(metadata, tensors), base)).toThrow(reason);
  });
});
