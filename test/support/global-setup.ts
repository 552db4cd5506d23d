import { ensureEmbedder } from '../../infra/embedder/embedder.ts';
import { ensureTemporalBinary } from '../../infra/temporal/temporal-binary.ts';
import { ensureConsole } from '../../infra/preparations/console-build.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';
import { progressOnConsole } from './progress.ts';

/** Runs once before the tests: what they need that is built, not installed. All is cached outside the repository. */
export default async function setup(): Promise<void> {
  const cache = cacheFolder(loadEnvironment());
  const context = (name: string) => ({ cacheFolder: cache, ...progressOnConsole(name) });
  const [embedder] = await Promise.all([
    ensureEmbedder(context('embedder'), process.env),
    ensureTemporalBinary(context('temporal'), process.env),
    ensureConsole(context('console'), process.env),
  ]);
  // Test processes inherit it.
  process.env['STILLHOUSE_EMBEDDER'] = embedder;
}
