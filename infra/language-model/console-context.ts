import type { Environment } from '../../contracts/environment.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { cacheFolder } from '../../platform/home.ts';
import type { PreparationContext } from '../preparations/preparation.ts';

const PROGRESS_EVERY_MS = 15_000;

/**
 * A preparation that a program of its own makes: what is said goes to stderr, and of the progress a line now and then.
 * Ctrl-C ends what it has started.
 */
export function consoleContext(env: Environment): PreparationContext {
  let last = performance.now();
  const stopped = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stopped.abort(new StillhouseError('cancelled', `Stopped by ${signal}`)));
  }
  return {
    cacheFolder: cacheFolder(env),
    signal: stopped.signal,
    say: (text) => console.error(text),
    progress: (text) => {
      if (performance.now() - last < PROGRESS_EVERY_MS) return;
      last = performance.now();
      console.error(text);
    },
  };
}
