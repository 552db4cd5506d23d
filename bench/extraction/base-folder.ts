import { join } from 'node:path';
import type { Environment } from '../../contracts/environment.ts';
import { buildOnce, hashOfFiles } from '../../infra/preparations/build-once.ts';
import { cacheFolder } from '../../platform/home.ts';
import { python } from './learn.ts';

const here = (name: string) => join(import.meta.dirname, name);
const BASE_STEPS = 900;

/** The bench's base model: from the cache, else made in some minutes. The sources that it is made by name the folder. */
export async function extractionBase(env: Environment, executable: string, threads: number): Promise<string> {
  const folder = join(cacheFolder(env), `extraction-base-${hashOfFiles(['base.py', 'base_corpus.py', 'base-folder.ts'].map(here))}`);
  await buildOnce({
    folder,
    build: async (unfinished) => {
      await python(executable, [here('base.py'), unfinished, String(threads), String(BASE_STEPS)], ({ step, steps, loss, seconds }) =>
        console.error(`base: step ${Number(step)} of ${Number(steps)}, loss ${Number(loss)}, ${Number(seconds)} s`),
      );
    },
    onWait: () => console.error('base: another bench makes it, waiting'),
  });
  return folder;
}
