import { constants, copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Environment } from '../../contracts/environment.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { exclusiveLock } from '../../platform/exclusive-lock.ts';
import { homePaths } from '../../platform/home.ts';
import { checkHome } from '../supervisor/preflight.ts';
import { artifactsOf, type OutsidePart, outsideParts } from './contents.ts';
import { compareTree, type Manifest, readManifest, readTree } from './manifest.ts';
import { readPackage, syncDisks } from './package.ts';
import { CONFIGURATION } from './take-backup.ts';

export interface RestoreOptions {
  env: Environment;
  from: string;
  signal: AbortSignal;
}

/** What was restored, and what the operator has to see to. */
export interface Restored extends Pick<Manifest, 'takenAt' | 'database' | 'outside'> {
  home: string;
  files: number;
  /** Whether the backup's `stillhouse.yaml` was put in its place; null where the backup has none. */
  configuration: boolean | null;
}

/** The backup's folders by whose data they are. */
const PARTS: readonly OutsidePart[] = ['clickhouse', 'temporal', 'artifacts'];
const VARIABLES = { clickhouse: 'CLICKHOUSE_URL', temporal: 'TEMPORAL_ADDRESS', artifacts: 'STILLHOUSE_ARTIFACTS' } as const;

/**
 * Restores a backup into an empty home. Everything is laid into a folder of the home and checked there first; while that
 * folder is there, nothing starts on the home, and the next restore begins anew.
 */
export async function restoreBackup({ env, from: place, signal }: RestoreOptions): Promise<Restored> {
  const paths = homePaths(env);
  const from = resolve(place);
  checkHome(paths.home);
  const lock = exclusiveLock(paths.lock, `process ${process.pid}, a restore`, `The home ${paths.home}`);
  try {
    checkEmpty(env, await clearCutOff(env));
    mkdirSync(paths.restoring, { mode: 0o700 });
    let manifest: Manifest;
    try {
      await readPackage(from, paths.restoring, signal);
      manifest = await checked(env, basename(from), signal);
    } catch (error) {
      await rm(paths.restoring, { recursive: true, force: true });
      throw error;
    }
    await publish(env);
    const configuration = placeConfiguration(env);
    await syncDisks(signal);
    await rm(paths.restoring, { recursive: true, force: true });
    const { takenAt, database, outside, files } = manifest;
    return { home: paths.home, takenAt, database, outside, files: files.length, configuration };
  } finally {
    lock.release();
  }
}

/** What is laid there is the backup, whole, and this environment has a use for it. */
async function checked(env: Environment, name: string, signal: AbortSignal): Promise<Manifest> {
  const { restoring } = homePaths(env);
  const manifest = readManifest(restoring, name);
  const tree = await readTree(restoring, signal);
  compareTree({ ...tree, files: tree.files.filter((file) => file.path !== 'manifest.json') }, manifest, name);
  const outside = outsideParts(env);
  for (const part of PARTS) {
    if (!outside[part] || !existsSync(join(restoring, 'home', part))) continue;
    throw new StillhouseError(
      'conflict',
      `${name} holds data of ${part}, which ${VARIABLES[part]} says is elsewhere (${outside[part]}): unset it for the restore and the start after it.`,
    );
  }
  return manifest;
}

/** Moves what was checked to its places. */
async function publish(env: Environment): Promise<void> {
  const paths = homePaths(env);
  const laid = join(paths.restoring, 'home');
  const artifacts = artifactsOf(env);
  for (const name of readdirSync(laid)) {
    if (name === 'artifacts' && artifacts !== null && resolve(artifacts) !== paths.artifacts)
      await cp(join(laid, name), artifacts, { recursive: true });
    else await rename(join(laid, name), join(paths.home, name));
  }
}

/**
 * Removes what a restore that was cut off has left, what it had moved already too, and tells whether there was one. It
 * had the home to itself: nothing starts on such a one.
 */
async function clearCutOff(env: Environment): Promise<boolean> {
  const paths = homePaths(env);
  if (!existsSync(paths.restoring)) return false;
  for (const name of strangers(env)) if (join(paths.home, name) !== paths.restoring) await rm(join(paths.home, name), { recursive: true });
  await rm(paths.restoring, { recursive: true });
  return true;
}

function checkEmpty(env: Environment, again: boolean): void {
  const { home, artifacts } = homePaths(env);
  const found = strangers(env);
  if (found.length > 0) {
    throw new StillhouseError(
      'conflict',
      `The home ${home} is not empty (${found.slice(0, 4).join(', ')}${found.length > 4 ? ', …' : ''}): a restore goes into an empty one. Move it away, or set STILLHOUSE_HOME to another folder.`,
    );
  }
  const elsewhere = artifactsOf(env);
  // The one before, which was cut off, found it empty; what it had copied is written over.
  if (again || elsewhere === null) return;
  if (resolve(elsewhere) !== artifacts && existsSync(elsewhere) && readdirSync(elsewhere).length > 0)
    throw new StillhouseError('conflict', `The folder of artifacts ${elsewhere} is not empty: a restore goes into an empty one.`);
}

/** What lies in a home beside the lock that we hold and the configuration. */
function strangers(env: Environment): string[] {
  const { home } = homePaths(env);
  const configuration = resolve(env.STILLHOUSE_CONFIG);
  return readdirSync(home).filter((name) => name !== 'run' && join(home, name) !== configuration);
}

function placeConfiguration(env: Environment): boolean | null {
  const source = join(homePaths(env).restoring, CONFIGURATION);
  if (!existsSync(source)) return null;
  mkdirSync(dirname(resolve(env.STILLHOUSE_CONFIG)), { recursive: true });
  try {
    copyFileSync(source, env.STILLHOUSE_CONFIG, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}
