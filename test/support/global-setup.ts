import { ensureEmbedder } from '../../infra/embedder/embedder.ts';
import { ensureTemporalBinary } from '../../infra/temporal/temporal-binary.ts';
import { ensureConsole } from '../../infra/preparations/console-build.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';

const PROGRESS_EVERY_MS = 15_000;

/** Runs once before the tests: what they need that is built, not installed. Both are cached outside the repository. */
export default async function setup(): Promise<void> {
  const cache = cacheFolder(loadEnvironment());
  const console = { cacheFolder: cache, ...reporter('console') };
  const [embedder] = await Promise.all([
    ensureEmbedder({ cacheFolder: cache, ...reporter('embedder') }, process.env),
    ensureTemporalBinary({ cacheFolder: cache, ...reporter('temporal') }, process.env),
    ensureConsole(console, process.env),
  ]);
  // Test processes inherit it.
  process.env['STILLHOUSE_EMBEDDER'] = embedder;
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
