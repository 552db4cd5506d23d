/**
 * `node infra/language-model/prepare.ts`: builds what training language-model students takes and prints where it is, as
 * lines of an environment file on stdout. For machines and images where no supervisor does it.
 */
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';
import { ensureLanguageModelParts } from './language-model-parts.ts';

const PROGRESS_EVERY_MS = 15_000;

try {
  const env = loadEnvironment();
  let last = 0;
  const context = {
    cacheFolder: cacheFolder(env),
    say: (text: string) => console.error(text),
    progress: (text: string) => {
      if (performance.now() - last < PROGRESS_EVERY_MS) return;
      last = performance.now();
      console.error(text);
    },
  };
  const { trainer, base, converters } = await ensureLanguageModelParts(env, context, process.env);
  console.log(`STILLHOUSE_TRAINER=${trainer}\nSTILLHOUSE_BASE=${base}\nSTILLHOUSE_CONVERTERS=${converters}`);
} catch (error) {
  console.error(isStillhouseError(error) ? error.message : error);
  process.exitCode = 1;
}
