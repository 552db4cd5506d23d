import type { LlamaContextSequence, LlamaModel, Token } from 'node-llama-cpp';
import { StillhouseError } from '../../contracts/errors.ts';
import type { LanguageModelManifest } from '../../contracts/language-model.ts';
import type { LoadedBase, OpenContext } from './loaded-base.ts';
import { promptWriter, type PromptWriter } from './prompt.ts';

/** A student that can answer: a context on its base, with a few sequences that are computed together. */
export interface LoadedStudent {
  sha256: string;
  manifest: LanguageModelManifest;
  base: LoadedBase;
  model: LlamaModel;
  /** Of its context and adapter; the base's are its own. */
  bytes: number;
  /** Tokens that a prompt and its answer may have. */
  contextTokens: number;
  threads: number;
  writePrompt: PromptWriter;
  sequences: SequencePool;
  close(): Promise<void>;
}

/** A student of fewer parameters computes faster on one thread than threads can wait for each other. */
const ONE_THREAD_PARAMETERS = 100e6;

export async function openStudent(options: {
  sha256: string;
  manifest: LanguageModelManifest;
  base: LoadedBase;
  adapter: { path: string; bytes: number } | null;
  sequences: number;
  maxContextTokens: number;
  threads: number;
}): Promise<LoadedStudent> {
  const { manifest, base, adapter } = options;
  const { model } = base;
  const writePrompt = promptWriter({ manifest, bosToken: model.tokens.bosString ?? '', eosToken: model.tokens.eosString ?? '' });
  const contextTokens = Math.min(manifest.contextTokens, options.maxContextTokens);
  const threads = manifest.base.parameters < ONE_THREAD_PARAMETERS ? 1 : options.threads;
  const opened: OpenContext = await base.open(adapter?.path ?? null, { sequences: options.sequences, contextTokens, threads });
  const sequences = createSequencePool(Array.from({ length: options.sequences }, () => opened.context.getSequence()));
  return {
    sha256: options.sha256,
    manifest,
    base,
    model,
    bytes: opened.bytes + (adapter?.bytes ?? 0),
    contextTokens,
    threads,
    writePrompt,
    sequences,
    close: () => opened.close(),
  };
}

/** Sequences of one context: each remembers the tokens of its last call. */
export interface SequencePool {
  /** The free one that knows the most of the prompt's beginning; waits its turn where none is free. */
  take(prompt: readonly Token[], signal?: AbortSignal): Promise<LlamaContextSequence>;
  put(sequence: LlamaContextSequence): void;
  waiting(): number;
}

interface Waiter {
  prompt: readonly Token[];
  serve: (sequence: LlamaContextSequence) => void;
}

function createSequencePool(sequences: LlamaContextSequence[]): SequencePool {
  const free = [...sequences];
  const waiters: Waiter[] = [];
  const best = (prompt: readonly Token[]): LlamaContextSequence => {
    const known = free.map((sequence) => knownTokens(sequence, prompt));
    return free.splice(known.indexOf(Math.max(...known)), 1)[0]!;
  };
  return {
    take(prompt, signal) {
      if (free.length > 0) return Promise.resolve(best(prompt));
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          prompt,
          serve(sequence) {
            signal?.removeEventListener('abort', leave);
            resolve(sequence);
          },
        };
        const leave = () => {
          waiters.splice(waiters.indexOf(waiter), 1);
          reject(new StillhouseError('cancelled', 'The caller went away'));
        };
        signal?.addEventListener('abort', leave, { once: true });
        waiters.push(waiter);
      });
    },
    put(sequence) {
      free.push(sequence);
      const next = waiters.shift();
      if (next) next.serve(best(next.prompt));
    },
    waiting: () => waiters.length,
  };
}

/** Tokens at the prompt's beginning that need not be computed again; at least its last one is. */
export function knownTokens(sequence: LlamaContextSequence, prompt: readonly Token[]): number {
  const { firstDifferentIndex } = sequence.compareContextTokens(prompt as Token[]);
  return Math.min(firstDifferentIndex, prompt.length - 1);
}
