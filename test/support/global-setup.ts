import { ensureEmbedder } from '../../infra/embedder/embedder.ts';
import { ensureLanguageModelParts } from '../../infra/language-model/language-model-parts.ts';
import { ensureTemporalBinary } from '../../infra/temporal/temporal-binary.ts';
import { ensureConsole } from '../../infra/preparations/console-build.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';

const PROGRESS_EVERY_MS = 15_000;

/** Runs once before the tests: what they need that is built, not installed. All is cached outside the repository. */
export default async function setup(): Promise<void> {
  const env = loadEnvironment();
  const context = (name: string) => ({ cacheFolder: cacheFolder(env), ...reporter(name) });
  const [embedder, { trainer, base, converters }] = await Promise.all([
    ensureEmbedder(context('embedder'), process.env),
    ensureLanguageModelParts(env, context('language models'), process.env),
    ensureTemporalBinary(context('temporal'), process.env),
    ensureConsole(context('console'), process.env),
  ]);
  // Test processes inherit it.
  process.env['STILLHOUSE_EMBEDDER'] = embedder;
  process.env['STILLHOUSE_TRAINER'] = trainer;
  process.env['STILLHOUSE_BASE'] = base;
  process.env['STILLHOUSE_CONVERTERS'] = converters;
}

function reporter(name: string) {
  let last = performance.now();
  const say = (text: string) => console.log(`${name}: ${text}`);
  return {
    say,
    progress: (text: string) => {
      if (performance.now() - last < PROGRESS_EVERY_MS) return;
      last = performance.now();
      say(text);
    },
  };
}
