import type { Logger } from '../../platform/logger.ts';

/** How soon an answer is gone after its trace is on record as to be forgotten. */
const EVERY_MS = 5_000;
/** Looked at again: an answer under way then is kept by now. */
const AGAIN_MS = 120_000;
/** All that may still be kept is looked at now and then: what was noted late, or kept late. */
const ALL_EVERY_MS = 3_600_000;
/** No alias keeps answers longer. */
const KEPT_MS = 30 * 86_400_000;

interface ForgetKeptOptions {
  /** Ids of traces that were noted since, in milliseconds since 1970, some at a time. */
  forgotten: (since: number) => AsyncIterable<string[]>;
  /** What keeps answers. */
  keepers: readonly { forget(traces: readonly string[]): Promise<number> }[];
  now: () => number;
  log: Logger;
}

/**
 * Deletes kept answers of forgotten traces, in the stores that this process keeps answers in: at its start all, and then what
 * was noted lately, again and again. Returns what ends it.
 */
export function keepForgettingKept({ forgotten, keepers, now, log }: ForgetKeptOptions): () => void {
  let lookedAt = 0;
  let lookedAtAll = 0;
  let running = false;
  const look = async () => {
    const began = now();
    const all = began - lookedAtAll > ALL_EVERY_MS;
    let answers = 0;
    for await (const traces of forgotten(all ? began - KEPT_MS : lookedAt - AGAIN_MS))
      for (const keeper of keepers) answers += await keeper.forget(traces);
    if (answers > 0) log.info({ answers }, 'kept answers of forgotten calls were deleted');
    lookedAt = began;
    if (all) lookedAtAll = began;
  };
  const run = () => {
    if (running) return;
    running = true;
    void look()
      .catch((error: unknown) =>
        log.debug({ reason: (error as Error).message }, 'kept answers could not be looked through; it is tried again'),
      )
      .finally(() => (running = false));
  };
  run();
  const timer = setInterval(run, EVERY_MS).unref();
  return () => clearInterval(timer);
}
