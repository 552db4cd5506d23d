import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import { exclusiveLock, tryExclusiveLock } from '../../platform/exclusive-lock.ts';
import type { homePaths } from '../../platform/home.ts';
import { type LedgerEntry, runningChildren } from '../processes/child-ledger.ts';
import { isGroupAlive } from '../processes/process-group.ts';
import { pauseGroups } from './pause.ts';

type Paths = ReturnType<typeof homePaths>;

/** Those that write what a backup holds. The student server keeps copies only. */
const WRITERS = new Set(['clickhouse', 'temporal', 'gateway', 'worker', 'gpu-worker']);
/** Below the half minute after which Temporal gives up a worker that is not heard of. */
const LONGEST_PAUSE_MS = 20_000;
const ATTEMPTS = 5;
const BETWEEN_ATTEMPTS_MS = 1_000;

/**
 * Does `work`, which is synchronous, while nobody writes to the home: with the parts of a running stack paused, else
 * with the home's lock held. Where a part was started meanwhile, it is undone and done again.
 */
export async function standingStill<T>(paths: Paths, work: () => T, undo: () => Promise<void>): Promise<{ result: T; pausedMs: number }> {
  const lock = tryExclusiveLock(paths.lock, `process ${process.pid}, a backup`);
  if (lock) {
    try {
      checkIdle(paths);
      return { result: work(), pausedMs: 0 };
    } finally {
      lock.release();
    }
  }
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const writers = writersOf(paths);
    const pause = await pauseGroups(
      writers.map((writer) => writer.pid),
      LONGEST_PAUSE_MS,
    );
    const began = performance.now();
    let result: T;
    let same: boolean;
    try {
      result = work();
      same = writersOf(paths).every((writer) => writers.some(({ pid, identity }) => pid === writer.pid && identity === writer.identity));
    } finally {
      await pause.goOn();
    }
    if (same) return { result, pausedMs: Math.ceil(performance.now() - began) };
    await undo();
    await wait(BETWEEN_ATTEMPTS_MS);
  }
  throw new StillhouseError(
    'unavailable',
    `Parts of the stack were started again and again while the backup was taken: see ${paths.logs}.`,
  );
}

function writersOf(paths: Paths): LedgerEntry[] {
  const unreadable = (text: string) => {
    throw new StillhouseError('unavailable', text);
  };
  return runningChildren(paths.children, unreadable).filter((child) => WRITERS.has(child.name) && isGroupAlive(child.pid));
}

/** No supervisor has the home; nor may a program that was started without one, or that outlived its own. */
function checkIdle(paths: Paths): void {
  const left = writersOf(paths);
  if (left.length > 0) {
    const names = left.map((child) => child.name).join(', ');
    throw new StillhouseError(
      'conflict',
      `A supervisor that was killed left ${names} running on the home ${paths.home}: start the stack, then take the backup.`,
    );
  }
  const locks = [paths.clickhouseLock, ...processLocks(paths.spool)];
  for (const path of locks) exclusiveLock(path, 'a backup', `${path}, without a supervisor that could pause it,`).release();
}

function processLocks(spool: string): string[] {
  try {
    const folders = readdirSync(spool, { withFileTypes: true }).filter((entry) => entry.isDirectory() && entry.name !== 'rejected');
    return folders.map((folder) => join(spool, folder.name, 'lock'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
