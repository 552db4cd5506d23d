import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { exclusiveLock, tryExclusiveLock, type ExclusiveLock } from '../../platform/exclusive-lock.ts';

/** A spool folder that belongs to this process for as long as it lives or until it lets go. */
export interface ClaimedFolder {
  path: string;
  lock: ExclusiveLock;
}

const LOCK = 'lock';
/** Folders of processes; `rejected` beside them is nobody's. */
const FOLDER = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Makes a folder of its own in the spool. It has its name once it is locked: who looks for orphans would take it for one, and remove it. */
export function claimNewFolder(spool: string, holder: string): ClaimedFolder {
  const path = join(spool, randomUUID());
  const unnamed = `${path}.new`;
  mkdirSync(unnamed, { recursive: true, mode: 0o700 });
  const lock = exclusiveLock(join(unnamed, LOCK), holder, unnamed);
  renameSync(unnamed, path);
  return { path, lock };
}

/** The folders of all processes, those that live included. */
export function processFolders(spool: string): string[] {
  return readdirSync(spool)
    .filter((name) => FOLDER.test(name))
    .map((name) => join(spool, name));
}

/** Takes a folder whose process is gone; null where it lives. */
export function claimOrphan(path: string, holder: string): ClaimedFolder | null {
  const lock = tryExclusiveLock(join(path, LOCK), holder);
  return lock && { path, lock };
}

/** Removes a folder whose last segment has been shipped. Where the disk refuses, it is free for the next who looks. */
export function removeFolder(folder: ClaimedFolder): void {
  try {
    rmSync(folder.path, { recursive: true, force: true });
  } finally {
    folder.lock.release();
  }
}
