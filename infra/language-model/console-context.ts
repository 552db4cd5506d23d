import type { Environment } from '../../contracts/environment.ts';
import { cacheFolder } from '../../platform/home.ts';
import type { PreparationContext } from '../preparations/preparation.ts';

const PROGRESS_EVERY_MS = 15_000;

/** A preparation that a program of its own makes: what is said goes to stderr, and of the progress a line now and then. */
export function consoleContext(env: Environment): PreparationContext {
  let last = performance.now();
  return {
    cacheFolder: cacheFolder(env),
    say: (text) => console.error(text),
    progress: (text) => {
      if (performance.now() - last < PROGRESS_EVERY_MS) return;
      last = performance.now();
      console.error(text);
    },
  };
}
