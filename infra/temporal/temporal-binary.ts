import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hashOfFiles } from '../preparations/build-once.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { runCommand } from '../processes/run-command.ts';
import { isAtLeast, TEMPORAL_CLI_VERSION, versionIn } from './release.ts';
import { buildTemporal } from './temporal-build.ts';
import { downloadTemporal } from './temporal-download.ts';

const PINNED = ['go.mod', 'go.sum'].map((name) => fileURLToPath(new URL(`./${name}`, import.meta.url)));

/** A `temporal` program that can start a development server. */
export interface TemporalBinary {
  program: string;
  /** Where it was found, for people. */
  from: 'PATH' | 'cache' | 'download' | 'build';
}

/** Where a downloaded or built one lies. */
export function temporalFolder(cacheFolder: string): string {
  return join(cacheFolder, `temporal-${hashOfFiles(PINNED)}`);
}

/**
 * The program: the PATH's where it is new enough, else the cache's, else the official release, else built from the
 * pinned Go module. What was fetched or built goes into the cache for all that come after.
 */
export async function ensureTemporalBinary(context: PreparationContext, env: NodeJS.ProcessEnv): Promise<TemporalBinary> {
  const version = await temporalOnPath(env);
  if (version && isAtLeast(version, TEMPORAL_CLI_VERSION)) return { program: 'temporal', from: 'PATH' };
  if (version) context.say(`the temporal on the PATH is ${version}, ${TEMPORAL_CLI_VERSION} or newer is needed: taking another`);
  const folder = temporalFolder(context.cacheFolder);
  let from: TemporalBinary['from'] = 'cache';
  await buildOnce({
    folder,
    onWait: () => context.progress('another start builds Temporal, waiting for it'),
    build: async (unfinished) => {
      const refused = await downloadTemporal(unfinished, context);
      from = refused === null ? 'download' : 'build';
      if (refused === null) return;
      context.say(`no download (${refused})`);
      await buildTemporal(unfinished, context, env);
    },
    ...(context.signal && { signal: context.signal }),
  });
  return { program: join(folder, 'temporal'), from };
}

/** The version of the `temporal` on the PATH, or null. */
export async function temporalOnPath(env: NodeJS.ProcessEnv): Promise<string | null> {
  const { code, tail } = await runCommand('temporal', ['--version'], { env });
  return code === 0 ? versionIn(tail.join('\n')) : null;
}
