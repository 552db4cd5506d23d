import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type ExclusiveLock, tryExclusiveLock } from '../../platform/exclusive-lock.ts';

/** Hash of the files' contents, in order: what names a built thing in the cache. */
export function hashOfFiles(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

/** What is built, where, and how. */
export interface BuildOnce {
  /** The finished folder; it exists only when it is whole. */
  folder: string;
  /** Fills a folder that does not count yet. */
  build: (unfinished: string) => Promise<void>;
  /** Called once where another process builds the same. */
  onWait: () => void;
  signal?: AbortSignal;
}

/**
 * Builds the folder unless it is there. One process builds at a time, over clones and starts; the others wait and take
 * its result. A build that was killed leaves only an unfinished folder, which the next one clears away.
 */
export async function buildOnce(task: BuildOnce): Promise<void> {
  if (existsSync(task.folder)) return;
  mkdirSync(dirname(task.folder), { recursive: true });
  const lock = await waitForLock(`${task.folder}.lock`, task.onWait, task.signal);
  try {
    if (existsSync(task.folder)) return;
    const prefix = `${basename(task.folder)}.unfinished-`;
    for (const name of readdirSync(dirname(task.folder))) {
      if (name.startsWith(prefix)) rmSync(join(dirname(task.folder), name), { recursive: true, force: true });
    }
    const unfinished = join(dirname(task.folder), `${prefix}${randomUUID().slice(0, 8)}`);
    mkdirSync(unfinished);
    try {
      await task.build(unfinished);
      renameSync(unfinished, task.folder);
    } finally {
      rmSync(unfinished, { recursive: true, force: true });
    }
  } finally {
    lock.release();
  }
}

/** Waits until the lock is free, and takes it. */
export async function waitForLock(path: string, onWait: () => void, signal?: AbortSignal): Promise<ExclusiveLock> {
  for (let first = true; ; first = false) {
    const lock = tryExclusiveLock(path, `process ${process.pid}`);
    if (lock) return lock;
    if (first) onWait();
    signal?.throwIfAborted();
    await wait(250);
  }
}
