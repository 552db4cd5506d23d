import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StillhouseError } from '../contracts/errors.ts';

const NOBODY = 'another process';

/** A lock that the operating system gives back when its process ends, however it ends. */
export interface ExclusiveLock {
  release(): void;
}

/**
 * Takes the lock at `path`, or returns null where another process (or another lock in this one) has it. The kernel's
 * file lock is taken through SQLite: Node has no flock, and a pid file outlives a `kill -9`.
 */
export function tryExclusiveLock(path: string, holder: string): ExclusiveLock | null {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (isBusy(error)) return null;
    throw error;
  }
  try {
    writeFileSync(`${path}.holder`, holder);
  } catch {
    // The name is only for a sentence: a full disk must not keep the lock from whoever would make room.
  }
  return { release: () => database.close() };
}

/** Takes the lock or throws `conflict` with a sentence that names the holder. */
export function exclusiveLock(path: string, holder: string, what: string): ExclusiveLock {
  const lock = tryExclusiveLock(path, holder);
  if (lock) return lock;
  throw new StillhouseError('conflict', `${what} is in use by ${holderOf(path)}`);
}

/** Who wrote itself down as the last holder. */
export function holderOf(path: string): string {
  try {
    return readFileSync(`${path}.holder`, 'utf8') || NOBODY;
  } catch {
    return NOBODY;
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  // SQLITE_BUSY and SQLITE_LOCKED
  return code !== undefined && [5, 6].includes(code & 0xff);
}
