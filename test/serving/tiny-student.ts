import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../core/random.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import { openArtifactStore, type ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { ggufFile } from '../support/gguf-file.ts';

/** Tokens of the tiny tokenizer that control: the last three of its vocabulary. */
export const CONTROL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];
export const CONTEXT_TOKENS = 256;
const WIDTH = 64;
const HIDDEN = 128;
const HEADS = 4;
/** Merges of the tokenizer: enough to see that it merges. */
const MERGES = ['c a', 'ca r', 'car d', 'Ġ car', 'Ġcar d'];

export const TEMPLATE =
  "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

/** A store of its own with a random Llama of one layer as base, and as many adapters on it as are asked for. */
export interface TinyStudents {
  artifacts: ArtifactStore;
  /** Where an engine may keep its copies. */
  folder: string;
  base: ArtifactRef;
  /** A student's manifest; the same number gives the same student. */
  student(number: number, change?: Partial<LanguageModelManifest>): Promise<ArtifactRef>;
  remove(): void;
}

/** Everything is written here: llama.cpp reads the files as it reads real ones, and no Python is needed. */
export async function tinyStudents(): Promise<TinyStudents> {
  const root = mkdtempSync(join(tmpdir(), 'stillhouse-students-'));
  const artifacts = openArtifactStore(`file:${join(root, 'store')}`);
  const base = await artifacts.put('bases/tiny.gguf', tinyBase());
  return {
    artifacts,
    folder: join(root, 'copies'),
    base,
    async student(number, change = {}) {
      const adapter = await artifacts.put(`adapters/${number}.gguf`, tinyAdapter(number));
      const manifest: LanguageModelManifest = { ...tinyManifest(), served: { form: 'adapter', base, adapter }, ...change };
      const text = JSON.stringify(manifest);
      return artifacts.put(`students/${number}-${text.length}-${Object.keys(change).join('-')}.json`, Buffer.from(text));
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function tinyManifest(): Omit<LanguageModelManifest, 'served'> {
  return {
    format: 'stillhouse-language-model/1',
    base: {
      id: 'tiny',
      digest: 'a'.repeat(64),
      parameters: 100_000,
      contextTokens: CONTEXT_TOKENS,
      vocabulary: vocabulary().length,
      licence: null,
    },
    quantization: 'f16',
    merged: null,
    peft: null,
    chatTemplate: TEMPLATE,
    templateOptions: {},
    controlTokens: CONTROL,
    contextTokens: CONTEXT_TOKENS,
    maxAnswerTokens: 12,
    task: 'text',
    labels: [],
    agreement: null,
    validationScore: null,
    card: null,
  };
}

function tinyBase(): Buffer {
  const tokens = vocabulary();
  const blk = (name: string) => `blk.0.${name}.weight`;
  const random = seededRandom(7);
  const uint32 = (value: number) => ({ uint32: value });
  return ggufFile(
    {
      'general.architecture': { string: 'llama' },
      'general.name': { string: 'Tiny' },
      'general.file_type': uint32(0),
      'llama.context_length': uint32(CONTEXT_TOKENS),
      'llama.block_count': uint32(1),
      'llama.embedding_length': uint32(WIDTH),
      'llama.feed_forward_length': uint32(HIDDEN),
      'llama.attention.head_count': uint32(HEADS),
      'llama.attention.head_count_kv': uint32(HEADS),
      'llama.rope.dimension_count': uint32(WIDTH / HEADS),
      'llama.attention.layer_norm_rms_epsilon': { float32: 1e-5 },
      'llama.vocab_size': uint32(tokens.length),
      'tokenizer.ggml.model': { string: 'gpt2' },
      'tokenizer.ggml.pre': { string: 'gpt-2' },
      'tokenizer.ggml.tokens': { strings: tokens },
      'tokenizer.ggml.token_type': { int32s: tokens.map((token) => (CONTROL.includes(token) ? 3 : 1)) },
      'tokenizer.ggml.merges': { strings: MERGES },
      'tokenizer.ggml.bos_token_id': uint32(tokens.indexOf('<|endoftext|>')),
      'tokenizer.ggml.eos_token_id': uint32(tokens.indexOf('<|im_end|>')),
    },
    {
      'token_embd.weight': [WIDTH, tokens.length],
      'output.weight': [WIDTH, tokens.length],
      'output_norm.weight': [WIDTH],
      [blk('attn_norm')]: [WIDTH],
      [blk('attn_q')]: [WIDTH, WIDTH],
      [blk('attn_k')]: [WIDTH, WIDTH],
      [blk('attn_v')]: [WIDTH, WIDTH],
      [blk('attn_output')]: [WIDTH, WIDTH],
      [blk('ffn_norm')]: [WIDTH],
      [blk('ffn_gate')]: [WIDTH, HIDDEN],
      [blk('ffn_up')]: [WIDTH, HIDDEN],
      [blk('ffn_down')]: [HIDDEN, WIDTH],
    },
    (tensor) => (tensor.includes('norm') ? 1 : random() - 0.5),
  );
}

function tinyAdapter(number: number): Buffer {
  const random = seededRandom(100 + number);
  const rank = 4;
  const tensors: Record<string, number[]> = {};
  for (const [name, from, to] of [
    ['attn_q', WIDTH, WIDTH],
    ['attn_v', WIDTH, WIDTH],
    ['ffn_up', WIDTH, HIDDEN],
  ] as const) {
    tensors[`blk.0.${name}.weight.lora_a`] = [from, rank];
    tensors[`blk.0.${name}.weight.lora_b`] = [rank, to];
  }
  return ggufFile(
    {
      'general.architecture': { string: 'llama' },
      'general.type': { string: 'adapter' },
      'adapter.type': { string: 'lora' },
      'adapter.lora.alpha': { float32: 8 },
    },
    tensors,
    () => random() - 0.5,
  );
}

/** GPT-2's alphabet of bytes, the merged tokens, and the control tokens. */
function vocabulary(): string[] {
  const printable = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)];
  let next = 0x100;
  const bytes = range(0, 0xff).map((byte) => String.fromCharCode(printable.includes(byte) ? byte : next++));
  return [...bytes, ...MERGES.map((merge) => merge.replace(' ', '')), ...CONTROL];
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
