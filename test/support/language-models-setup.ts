import { ensureLanguageModelParts } from '../../infra/language-model/language-model-parts.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';
import { progressOnConsole } from './progress.ts';

/** Runs once before the tests that train and serve language models: gigabytes and minutes, which unit tests do without. */
export default async function setup(): Promise<void> {
  const env = loadEnvironment();
  const context = { cacheFolder: cacheFolder(env), ...progressOnConsole('language models') };
  const { trainer, base, converters } = await ensureLanguageModelParts(env, context, process.env);
  // Test processes inherit it.
  process.env['STILLHOUSE_TRAINER'] = trainer;
  process.env['STILLHOUSE_BASE'] = base;
  process.env['STILLHOUSE_CONVERTERS'] = converters;
}
