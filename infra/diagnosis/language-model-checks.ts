import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Environment } from '../../contracts/environment.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { cacheFolder } from '../../platform/home.ts';
import { checkGit } from '../language-model/converters.ts';
import { languageModelParts } from '../language-model/language-model-parts.ts';
import { ENVIRONMENT_GB, ROOM_GB } from '../language-model/python-environment.ts';
import { pythonOf } from '../preparations/locked-environment.ts';
import { freeBytes } from '../supervisor/preflight.ts';
import { type Finding, found } from './finding.ts';

/** What training language-model students takes: without it everything else works, so nothing here is a problem. */
export async function languageModelFindings(env: Environment, inherited: NodeJS.ProcessEnv): Promise<Finding[]> {
  const parts = languageModelParts(env);
  const trainer = existsSync(pythonOf(parts.trainer));
  const when = env.STILLHOUSE_STUDENTS === 'at-start' ? 'beside the next start' : 'when a language-model student is first trained';
  const state = (folder: string, there: boolean, set: boolean, takes: string) => {
    if (there) return `${set ? 'set' : 'built'}, in ${folder}`;
    if (set) throw new StillhouseError('unavailable', `${folder} is set and is not there`);
    return `is built ${when} (${takes})`;
  };
  return Promise.all([
    found('git', 'warning', () =>
      existsSync(parts.converters) ? 'not needed, the converters are unpacked' : checkGit({ env: inherited }),
    ),
    found('trainer', 'warning', () => {
      const text = state(parts.trainer, trainer, Boolean(env.STILLHOUSE_TRAINER), `${ENVIRONMENT_GB} GB of Python packages`);
      return trainer ? text : `${text}; ${checkRoom(cacheFolder(env))}`;
    }),
    found('built-in base', 'warning', () =>
      state(parts.base, existsSync(parts.base), Boolean(env.STILLHOUSE_BASE), 'about two minutes on two cores'),
    ),
  ]);
}

function checkRoom(cache: string): string {
  let folder = cache;
  while (!existsSync(folder)) folder = dirname(folder);
  const free = freeBytes(folder) / 1e9;
  if (free >= ROOM_GB) return `${free.toFixed(0)} GB are free there`;
  throw new StillhouseError(
    'unavailable',
    `takes ${ROOM_GB} GB in ${cache}, where ${free.toFixed(1)} GB are free: free some or set STILLHOUSE_CACHE to a folder on another disk`,
  );
}
