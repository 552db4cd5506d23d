/**
 * `node infra/language-model/prepare.ts`: builds what training language-model students takes and prints where it is, as
 * lines of an environment file on stdout. For machines and images where no supervisor does it.
 */
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { consoleContext } from './console-context.ts';
import { ensureLanguageModelParts } from './language-model-parts.ts';

try {
  const env = loadEnvironment();
  const { trainer, base, converters } = await ensureLanguageModelParts(env, consoleContext(env), process.env);
  console.log(`STILLHOUSE_TRAINER=${trainer}\nSTILLHOUSE_BASE=${base}\nSTILLHOUSE_CONVERTERS=${converters}`);
} catch (error) {
  console.error(isStillhouseError(error) ? error.message : error);
  process.exitCode = 1;
}
