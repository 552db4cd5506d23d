import type { Matrix } from '../core/learning/matrix.ts';
import type { Logger } from '../platform/logger.ts';
import { type EmbedderInfo, verifyEmbedder } from './embedder.ts';
import type { EncoderRequest } from './encoder-thread.ts';
import { createThreadPool } from './thread-pool.ts';

/** Embeds many texts on all cores. */
export interface EmbedderPool {
  info: EmbedderInfo;
  /** A row a text. Stops between portions when `signal` says so. */
  embed(texts: readonly string[], signal?: AbortSignal): Promise<Matrix>;
  close(): Promise<void>;
}

/** Texts a message to a thread: some tens of milliseconds of work, so that a cancellation is seen soon. */
const PORTION = 32;

/** A pool for training: `threads` single-threaded embedders use cores better than one embedder of that many threads. */
export async function createEmbedderPool(options: { embedderFolder: string; threads: number; log: Logger }): Promise<EmbedderPool> {
  const info = await verifyEmbedder(options.embedderFolder);
  const pool = createThreadPool({
    program: new URL('./encoder-thread.ts', import.meta.url),
    data: { folder: options.embedderFolder },
    threads: options.threads,
    name: 'the embedder pool',
    log: options.log,
  });
  return {
    info,
    embed: async (texts, signal) => {
      const out: Matrix = { rows: texts.length, columns: info.dimensions, data: new Float32Array(texts.length * info.dimensions) };
      let next = 0;
      const work = async () => {
        while (next < texts.length) {
          signal?.throwIfAborted();
          const from = next;
          next += PORTION;
          const request: EncoderRequest = { type: 'embed', texts: texts.slice(from, from + PORTION) };
          out.data.set(await pool.call<Float32Array>(request), from * info.dimensions);
        }
      };
      // Two portions a thread: one is worked on while the other waits.
      await Promise.all(Array.from({ length: options.threads * 2 }, work));
      return out;
    },
    close: () => pool.close(),
  };
}
