import type { Logger } from '../../platform/logger.ts';

const DAY_MS = 86_400_000;
/** After a failure, and for a retention that has been changed. */
const EVERY_MS = 3_600_000;

interface RetentionOptions {
  projects: () => Iterable<string>;
  /** null: for ever. */
  daysOf: (project: string) => number | null;
  /** Deletes what began before that time; whether there was something. */
  remove: (project: string, before: number) => Promise<boolean>;
  /** Deletes what was to be forgotten and came later; whether there was something. */
  forgetLate?: (project: string) => Promise<boolean>;
  now: () => number;
  log: Logger;
}

/**
 * Deletes what is older than its project keeps it, by whole days of UTC: a month's parts are written anew once a day and
 * not once an hour. Every gateway does it; who comes second finds nothing. One that fails is tried again within the hour.
 */
export async function applyRetention(options: RetentionOptions): Promise<void> {
  const { projects, daysOf, remove, now, log } = options;
  const today = Math.floor(now() / DAY_MS) * DAY_MS;
  for (const project of projects()) {
    await forget(project, options);
    const days = daysOf(project);
    if (days === null) continue;
    try {
      if (await remove(project, today - days * DAY_MS))
        log.info({ project, days }, 'traces that are older than they are kept were deleted');
    } catch (error) {
      log.warn({ project, reason: (error as Error).message }, 'old traces could not be deleted; it is tried again');
    }
  }
}

async function forget(project: string, { forgetLate, log }: RetentionOptions): Promise<void> {
  try {
    if (await forgetLate?.(project)) log.info({ project }, 'calls that were to be forgotten and came later were deleted');
  } catch (error) {
    log.warn({ project, reason: (error as Error).message }, 'calls that are to be forgotten could not be looked for; it is tried again');
  }
}

/** `applyRetention` every hour, one after the other; returns what ends it. */
export function keepRetention(options: RetentionOptions): () => void {
  let running = false;
  const run = () => {
    if (running) return;
    running = true;
    void applyRetention(options).finally(() => (running = false));
  };
  const timer = setInterval(run, EVERY_MS).unref();
  // Not at once: the snapshots are on their way, and a start has other things to do.
  const first = setTimeout(run, 60_000).unref();
  return () => {
    clearInterval(timer);
    clearTimeout(first);
  };
}
