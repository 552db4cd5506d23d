import { resolve } from 'node:path';
import type { Llama, LlamaContext, LlamaModel } from 'node-llama-cpp';
import { loadFailure } from './llama.ts';

/** A GGUF file in memory, and the adapters on it. */
export interface LoadedBase {
  sha256: string;
  /** Of the file: what is mapped. */
  bytes: number;
  model: LlamaModel;
  /** Opens a context of its own, with an adapter where one is given. */
  open(adapterPath: string | null, size: { sequences: number; contextTokens: number; threads: number }): Promise<OpenContext>;
  close(): Promise<void>;
}

export interface OpenContext {
  context: LlamaContext;
  /** Of the context's cells and buffers, and of its adapter. */
  bytes: number;
  close(): Promise<void>;
}

/** The part of node-llama-cpp's model that keeps adapters: see `freeAdapter`. */
interface AdapterKeeper {
  _loraAdapters?: Map<string, { dispose(): Promise<void> }>;
}

/** Prompts are read in pieces of so many tokens. */
export const BATCH_TOKENS = 512;

/** Loads a base, or a whole model. */
export async function loadBase(llama: Llama, file: { path: string; sha256: string; bytes: number }): Promise<LoadedBase> {
  const model = await llama.loadModel({ modelPath: file.path }).catch((error: unknown) => {
    throw loadFailure(error, `The model ${file.sha256.slice(0, 12)}`);
  });
  const uses = new Map<string, number>();
  return {
    sha256: file.sha256,
    bytes: file.bytes,
    model,
    async open(adapterPath, { sequences, contextTokens, threads }) {
      const context = await model
        .createContext({
          sequences,
          contextSize: contextTokens,
          batchSize: Math.min(BATCH_TOKENS, contextTokens * sequences),
          threads,
          ...(adapterPath === null ? {} : { lora: { adapters: [{ filePath: adapterPath }] } }),
          failedCreationRemedy: false,
        })
        .catch((error: unknown) => {
          throw loadFailure(error, adapterPath === null ? 'A context of the model' : 'The adapter');
        });
      if (adapterPath !== null) uses.set(adapterPath, (uses.get(adapterPath) ?? 0) + 1);
      const { ram, vram } = context.memoryUsage;
      return {
        context,
        bytes: ram + vram,
        async close() {
          await context.dispose();
          if (adapterPath === null) return;
          const left = uses.get(adapterPath)! - 1;
          uses.set(adapterPath, left);
          if (left > 0) return;
          uses.delete(adapterPath);
          await freeAdapter(model, adapterPath);
        },
      };
    },
    close: () => model.dispose(),
  };
}

/**
 * node-llama-cpp 3.22 keeps every adapter until its model goes: a server that sees many students would grow without end.
 * This reaches into its inside; where a later version has none of it, adapters stay until the base goes.
 */
async function freeAdapter(model: LlamaModel, path: string): Promise<void> {
  const keeper = (model as unknown as AdapterKeeper)._loraAdapters;
  const adapter = keeper?.get(resolve(path));
  if (!adapter) return;
  keeper!.delete(resolve(path));
  await adapter.dispose();
}
