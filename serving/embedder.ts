import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Sha256 } from '../contracts/identifiers.ts';
import { StillhouseError } from '../contracts/errors.ts';
import { hashFile } from '../store/artifacts/content-hash.ts';
import { loadOnnxRuntime, openOnnxSession } from './onnx-session.ts';

/** `embedder.json` beside the model: what a student's manifest names. */
const EmbedderInfo = z.object({
  name: z.string(),
  /** Of `model.onnx`. */
  sha256: Sha256,
  dimensions: z.number().int().positive(),
  maxTokens: z.number().int().positive(),
  /** How a model whose output is a vector a token makes one of them: their mean, or the first. Default: mean. */
  pooling: z.enum(['mean', 'cls']).optional(),
  /** What the model wants before each text, such as `query: `. */
  prefix: z.string().max(200).optional(),
  /** Mean cosine within clusters at granularity 0.5, where it was calibrated (`npm run bench:clusters -- --calibrate`). */
  cohesion: z.number().min(-1).max(1).optional(),
});
export type EmbedderInfo = Readonly<z.infer<typeof EmbedderInfo>>;

/** A sentence's vector, L2-normalised, and how many tokens were read. */
export interface Embedding {
  vector: Float32Array;
  tokens: number;
}

/** Turns text into vectors, on the thread that calls it. */
export interface Embedder {
  info: EmbedderInfo;
  embed(text: string): Promise<Embedding>;
  close(): Promise<void>;
}

/** Longer texts are cut before they are tokenised: far beyond `maxTokens` in any language, and it bounds the time. */
const MAX_CHARACTERS = 20_000;

/** Reads what an embedder folder holds, without loading it. */
export function readEmbedderInfo(folder: string): EmbedderInfo {
  return inFolder(folder, () => EmbedderInfo.parse(JSON.parse(readFileSync(join(folder, 'embedder.json'), 'utf8'))));
}

/** As `readEmbedderInfo`, and checks that the model is the one that the folder says. */
export async function verifyEmbedder(folder: string): Promise<EmbedderInfo> {
  const info = readEmbedderInfo(folder);
  // In pieces: all of a model at once would hold the event loop up.
  const { sha256 } = await hashFile(join(folder, 'model.onnx')).catch((error: unknown) => {
    throw unusable(folder, error);
  });
  if (sha256 === info.sha256) return info;
  throw new StillhouseError('artifact_corrupt', `${join(folder, 'model.onnx')} is not the model of its embedder.json. ${REBUILD}`);
}

/**
 * Opens the embedder of a folder. One text at a time: the int8 model takes the scale of its activations from everything
 * in the batch, so that in a batch a vector would depend on its neighbours; alone it depends on its text, and what was
 * evaluated is what is served (docs/decisions/0005). Models of other makers work as they are exported: a vector a token is
 * pooled as `embedder.json` says, token types are fed where they are wanted.
 */
export async function openEmbedder(folder: string, threads = 1): Promise<Embedder> {
  const info = readEmbedderInfo(folder);
  const ort = await loadOnnxRuntime();
  const encode = await openTokenizer(folder, info.maxTokens);
  const session = await openOnnxSession(join(folder, 'model.onnx'), threads).catch((error: unknown) => {
    throw unusable(folder, error);
  });
  const output = session.outputNames.includes('sentence_embedding') ? 'sentence_embedding' : session.outputNames[0]!;
  return {
    info,
    embed: async (text) => {
      const ids = encode(`${info.prefix ?? ''}${text}`);
      const tensor = (fill: BigInt64Array) => new ort.Tensor('int64', fill, [1, ids.length]);
      const feeds: Record<string, InstanceType<typeof ort.Tensor>> = {
        input_ids: tensor(BigInt64Array.from(ids, BigInt)),
        attention_mask: tensor(new BigInt64Array(ids.length).fill(1n)),
      };
      if (session.inputNames.includes('token_type_ids')) feeds['token_type_ids'] = tensor(new BigInt64Array(ids.length));
      const { data, dims } = (await session.run(feeds, [output]))[output]!;
      const vector = dims.length === 3 ? pooled(data as Float32Array, dims[2]!, info.pooling) : (data as Float32Array);
      if (vector.length === info.dimensions) return { vector, tokens: ids.length };
      throw unusable(folder, new Error(`the model's vectors have ${vector.length} numbers, embedder.json says ${info.dimensions}`));
    },
    close: () => session.release(),
  };
}

/** One vector of length 1 from a vector a token. */
function pooled(tokens: Float32Array, dimensions: number, pooling: EmbedderInfo['pooling'] = 'mean'): Float32Array {
  const vector = new Float32Array(dimensions);
  const used = pooling === 'cls' ? dimensions : tokens.length;
  for (let at = 0; at < used; at++) vector[at % dimensions]! += tokens[at]!;
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  return length > 0 ? vector.map((value) => value / length) : vector;
}

/** The folder's tokenizer: token ids of a text, cut to `maxTokens` as Transformers does (the last token stays). */
export async function openTokenizer(folder: string, maxTokens: number): Promise<(text: string) => number[]> {
  const { Tokenizer } = await import('@huggingface/tokenizers');
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
  const tokenizer = inFolder(folder, () => new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json')));
  return (text) => {
    const { ids } = tokenizer.encode(text.slice(0, MAX_CHARACTERS));
    return ids.length <= maxTokens ? ids : [...ids.slice(0, maxTokens - 1), ids.at(-1)!];
  };
}

const REBUILD = 'Delete the folder and start the stack again: it builds the embedder anew.';

function inFolder<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unusable(folder, error);
  }
}

function unusable(folder: string, error: unknown): StillhouseError {
  return new StillhouseError('artifact_missing', `The embedder in ${folder} can't be used: ${(error as Error).message}. ${REBUILD}`, {
    cause: error,
  });
}
