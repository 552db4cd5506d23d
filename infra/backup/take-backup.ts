import { existsSync, mkdirSync, copyFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import type { Environment } from '../../contracts/environment.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { exclusiveLock } from '../../platform/exclusive-lock.ts';
import { homePaths } from '../../platform/home.ts';
import { backedUpFolders, outsideParts } from './contents.ts';
import { FORMAT, type Manifest, MANIFEST, manifestText, readTree } from './manifest.ts';
import { checkPlace, writePackage } from './package.ts';
import { stageFolders } from './staging.ts';
import { standingStill } from './standing-still.ts';

export interface BackupOptions {
  env: Environment;
  /** A folder, or a file where it ends with `.tar`; nothing may be there. */
  to: string;
  now: () => number;
  say: (text: string) => void;
  signal: AbortSignal;
}

/** What was taken. */
export interface TakenBackup extends Omit<Manifest, 'files' | 'folders' | 'links'> {
  to: string;
  files: number;
  bytes: number;
}

/**
 * Takes a backup of the home: everything as it was at one moment, as if every process had been killed then, which all of
 * them survive. A stack that runs is paused for that moment, and serves while the backup is written.
 */
export async function takeBackup({ env, to: place, now, say, signal }: BackupOptions): Promise<TakenBackup> {
  const paths = homePaths(env);
  const to = resolve(place);
  checkPlace(to);
  if (existsSync(paths.restoring))
    throw new StillhouseError('conflict', `A restore into the home ${paths.home} was cut off: it is not whole.`);
  const folders = backedUpFolders(env);
  if (!folders.some((folder) => existsSync(folder.path)))
    throw new StillhouseError('not_found', `There is nothing to back up: no stack has run on the home ${paths.home}.`);
  if (!relative(paths.home, to).startsWith('..'))
    throw new StillhouseError('invalid_request', `${to} lies in the home itself: name a place outside of it, best on another disk.`);
  const lock = exclusiveLock(paths.backupLock, `process ${process.pid}`, `The backup of the home ${paths.home}`);
  try {
    await rm(paths.staging, { recursive: true, force: true });
    const { result: takenAt, pausedMs } = await standingStill(
      paths,
      () => {
        const moment = new Date(now()).toISOString();
        mkdirSync(paths.staging, { mode: 0o700 });
        stageFolders(folders, join(paths.staging, 'home'));
        return moment;
      },
      () => rm(paths.staging, { recursive: true, force: true }),
    );
    if (pausedMs > 0) say(`The stack stood still for ${pausedMs} ms; the backup is of that moment.`);
    // What follows steps aside for the parts that serve.
    setPriority(10);
    stageConfiguration(env, paths.staging);
    const tree = await readTree(paths.staging, signal);
    const outside = outsideParts(env);
    const about = { kind: 'stillhouse-backup', format: FORMAT, takenAt, pausedMs, database: env.CLICKHOUSE_DATABASE, outside } as const;
    writeFileSync(join(paths.staging, MANIFEST), manifestText({ ...about, ...tree }), { mode: 0o600 });
    await writePackage(paths.staging, to, signal);
    return { ...about, to, files: tree.files.length, bytes: tree.files.reduce((sum, file) => sum + file.bytes, 0) };
  } finally {
    await rm(paths.staging, { recursive: true, force: true });
    lock.release();
  }
}

/** `stillhouse.yaml`, which aliases name providers of; it holds no secrets. */
function stageConfiguration(env: Environment, staging: string): void {
  if (!existsSync(env.STILLHOUSE_CONFIG)) return;
  const target = join(staging, CONFIGURATION);
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  copyFileSync(env.STILLHOUSE_CONFIG, target);
}

/** Where a backup has it. */
export const CONFIGURATION = join('configuration', 'stillhouse.yaml');
