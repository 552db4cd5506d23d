import { existsSync, mkdirSync, statSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';
import { runCommand } from '../processes/run-command.ts';
import { damaged, MANIFEST } from './manifest.ts';
import { packTar, unpackTar } from './tar.ts';

/** A backup is a folder, or one file where its name ends so. */
const FILE = '.tar';

/** Refuses a place where something is already, or whose folder is missing. */
export function checkPlace(to: string): void {
  if (existsSync(to)) throw new StillhouseError('conflict', `${to} is there already: a backup is never written over. Name another place.`);
  if (!existsSync(dirname(to))) throw new StillhouseError('invalid_request', `There is no folder ${dirname(to)}: make it first.`);
}

/**
 * Puts what is staged (the manifest among it) at `to`. It has another name until it is whole and on the disk, so that
 * one that was cut off is never taken for a backup; what is left of one is removed here.
 */
export async function writePackage(staged: string, to: string, signal: AbortSignal): Promise<void> {
  const unfinished = `${to}.part`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    if (to.endsWith(FILE)) {
      // The manifest first: who looks into the file need not read all of it.
      await packTar(staged, [MANIFEST, ...namesBeside(staged)], unfinished, signal);
    } else {
      mkdirSync(unfinished, { mode: 0o700 });
      for (const name of [...namesBeside(staged), MANIFEST]) {
        signal.throwIfAborted();
        await cp(join(staged, name), join(unfinished, name), { recursive: true, verbatimSymlinks: true });
      }
    }
    await syncDisks(signal);
    if (existsSync(to)) checkPlace(to);
    await rename(unfinished, to);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Lays what a backup holds into the folder, unchecked. */
export async function readPackage(from: string, folder: string, signal: AbortSignal): Promise<void> {
  const found = statSync(from, { throwIfNoEntry: false });
  if (found === undefined) throw new StillhouseError('not_found', `There is no backup ${from}.`);
  if (found.isDirectory()) {
    if (!existsSync(join(from, MANIFEST)))
      throw new StillhouseError('invalid_request', `${from} is no whole backup: it has no ${MANIFEST}, which is written last.`);
    await cp(from, folder, { recursive: true, verbatimSymlinks: true });
    return;
  }
  try {
    await unpackTar(from, folder, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw damaged(basename(from), `it can't be unpacked (${(error as Error).message})`);
  }
}

/** Everything that was written is on the disk. */
export async function syncDisks(signal: AbortSignal): Promise<void> {
  const { code, tail } = await runCommand('sync', [], { signal });
  if (code !== 0) throw new StillhouseError('unavailable', `sync failed: ${tail.at(-1) ?? `it ended with ${code}`}`);
}

function namesBeside(staged: string): string[] {
  return ['home', 'configuration'].filter((name) => existsSync(join(staged, name)));
}
