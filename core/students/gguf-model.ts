import { StillhouseError } from '../../contracts/errors.ts';
import type { Quantization } from '../../contracts/language-model.ts';
import type { GgufHeader, GgufValue } from './gguf-header.ts';

/** What a whole model's GGUF says of it. */
export interface GgufModel {
  architecture: string;
  /** As its maker called it; empty where it says nothing. */
  name: string;
  licence: string | null;
  parameters: number;
  contextTokens: number;
  vocabulary: number;
  chatTemplate: string;
  /** Texts that its tokenizer reads as control tokens. */
  controlTokens: string[];
  quantization: Quantization | null;
}

/** llama.cpp's `LLAMA_FTYPE_*`. */
const FILE_TYPES: Readonly<Record<number, Quantization>> = { 1: 'f16', 7: 'q8_0', 15: 'q4_k_m' };
/** llama.cpp's `LLAMA_TOKEN_TYPE_CONTROL`. */
const CONTROL = 3;

/** The facts that serving needs; refuses an adapter, and a model that can't hold a conversation. */
export function ggufModel(header: GgufHeader): GgufModel {
  const { metadata } = header;
  if (isAdapter(header)) throw refusal('the GGUF is an adapter, not a whole model: import it with its base (--adapter).');
  const architecture = text(metadata.get('general.architecture'));
  if (architecture === '') throw refusal('the GGUF names no architecture.');
  const chatTemplate = text(metadata.get('tokenizer.chat_template'));
  if (chatTemplate === '') throw refusal('the GGUF has no chat template: it was made from a base that is not tuned for conversations.');
  const contextTokens = Number(metadata.get(`${architecture}.context_length`) ?? 0);
  if (!(contextTokens > 0)) throw refusal('the GGUF does not say how many tokens its context has.');
  const tokens = list(metadata.get('tokenizer.ggml.tokens'));
  const types = list(metadata.get('tokenizer.ggml.token_type'));
  if (tokens.length === 0) throw refusal('the GGUF has no vocabulary.');
  return {
    architecture,
    name: text(metadata.get('general.name')),
    licence: text(metadata.get('general.license')) || null,
    parameters: header.tensors.reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0),
    contextTokens,
    vocabulary: tokens.length,
    chatTemplate,
    controlTokens: tokens.filter((_, i) => types[i] === CONTROL).map(text),
    quantization: FILE_TYPES[Number(metadata.get('general.file_type') ?? -1)] ?? null,
  };
}

/** Whether it is a LoRA adapter, as llama.cpp's `convert_lora_to_gguf.py` writes them. */
export function isAdapter({ metadata }: GgufHeader): boolean {
  return text(metadata.get('general.type')) === 'adapter';
}

/** The hub id of the base that an adapter says it was trained on; null where it says nothing. */
export function baseOfAdapter({ metadata }: GgufHeader): string | null {
  const url = text(metadata.get('general.base_model.0.repo_url'));
  const [, id] = /^https:\/\/huggingface\.co\/([^/]+\/[^/]+)\/?$/.exec(url) ?? [];
  return id ?? null;
}

/**
 * Refuses an adapter that does not fit its base: another architecture, or a matrix whose sides are not those of the
 * base's. `lora_a` is rank × in and `lora_b` out × rank.
 */
export function requireAdapterFits(adapter: GgufHeader, base: GgufHeader): void {
  if (!isAdapter(adapter) || text(adapter.metadata.get('adapter.type')) !== 'lora') throw refusal('the GGUF is no LoRA adapter.');
  const [own, its] = [adapter, base].map(({ metadata }) => text(metadata.get('general.architecture')));
  if (own !== its) throw refusal(`the adapter is for the architecture "${own}", and the base is a "${its}".`);
  const shapes = new Map(base.tensors.map(({ name, shape }) => [name, shape]));
  if (adapter.tensors.length === 0) throw refusal('the adapter has no weights.');
  for (const { name, shape } of adapter.tensors) {
    const [, tensor, side] = /^(.+)\.lora_([ab])$/.exec(name) ?? [];
    const target = tensor === undefined ? undefined : shapes.get(tensor);
    if (!target) throw refusal(`the adapter changes "${name}", which the base has not.`);
    const [wanted, given] = sidesOf(tensor!, side!, target, shape);
    if (wanted !== given) throw refusal(`"${name}" of the adapter has a side of ${given}, and the base's has ${wanted}.`);
  }
}

/** The base's side and the adapter's that must be equal. llama.cpp lays a token embedding's adapter the other way round. */
function sidesOf(tensor: string, side: string, target: readonly number[], shape: readonly number[]) {
  if (tensor === 'token_embd.weight') return side === 'a' ? [target[1], shape[1]] : [target[0], shape[1]];
  return side === 'a' ? [target[0], shape[0]] : [target[1], shape[1]];
}

function refusal(sentence: string): StillhouseError {
  return new StillhouseError('invalid_request', `model: ${sentence}`, { param: 'model' });
}

function text(value: GgufValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function list(value: GgufValue | undefined): GgufValue[] {
  return Array.isArray(value) ? value : [];
}
