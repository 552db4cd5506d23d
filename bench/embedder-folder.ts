import type { Environment } from '../contracts/environment.ts';
import { ensureEmbedder } from '../infra/embedder/embedder.ts';
import { cacheFolder } from '../platform/home.ts';

/** The embedder's folder: the stated one, else the cache's, built where it is not there yet. */
export async function benchEmbedder(env: Environment): Promise<string> {
  if (env.STILLHOUSE_EMBEDDER) return env.STILLHOUSE_EMBEDDER;
  const say = (line: string) => console.error(`embedder: ${line}`);
  return ensureEmbedder({ cacheFolder: cacheFolder(env), say, progress: say }, process.env);
}
