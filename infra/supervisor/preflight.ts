import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';
import type { homePaths } from '../../platform/home.ts';
import { portHolder } from '../processes/port-holder.ts';
import { isPortFree } from '../processes/ports.ts';
import type { StackPort } from './stack-addresses.ts';

/** Below this the databases of a stack stop taking writes sooner or later. */
export const LEAST_FREE_BYTES = 1_000_000_000;

/** The home can be written to, or a sentence says why not and what to do. */
export function checkHome(home: string): void {
  try {
    mkdirSync(home, { recursive: true });
    const probe = join(home, `.probe-${randomUUID()}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const why = reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? (error as Error).message;
    throw new StillhouseError('unavailable', `The home ${home} can't be written to (${why}): set STILLHOUSE_HOME to a folder of yours.`);
  }
}

/** No restore was cut off on the home, or a sentence: what lies there is not all of it. For the holder of the home's lock. */
export function checkRestored({ home, restoring }: ReturnType<typeof homePaths>): void {
  if (!existsSync(restoring)) return;
  throw new StillhouseError(
    'conflict',
    `A restore into the home ${home} was cut off: run "stillhouse restore" again, which begins anew, or set STILLHOUSE_HOME to another folder.`,
  );
}

const reasons: Record<string, string> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a file is in the way',
  EEXIST: 'a file is in the way',
  ENOSPC: 'the disk is full',
};

/** Bytes that this user can still write where the folder is. */
export function freeBytes(folder: string): number {
  const disk = statfsSync(folder);
  return disk.bavail * disk.bsize;
}

/** The disk has room for the databases, or a sentence. */
export function checkDisk(home: string, free = freeBytes(home)): void {
  if (free >= LEAST_FREE_BYTES) return;
  const megabytes = Math.floor(free / 1e6);
  throw new StillhouseError(
    'unavailable',
    `The disk of ${home} is nearly full (${megabytes} MB are free, ${LEAST_FREE_BYTES / 1e6} MB are needed): free some or set STILLHOUSE_HOME to a folder on another disk.`,
  );
}

/** Nobody listens on the stack's ports, or a sentence that names who does. */
export async function checkPorts(ports: readonly StackPort[]): Promise<void> {
  for (const { part, port, host, variable } of ports) {
    if (await isPortFree(port, host)) continue;
    const holder = await portHolder(port);
    throw new StillhouseError(
      'conflict',
      `Port ${port}, which ${part} needs, is taken by ${holder}: stop that, or set ${variable} to another port (0 = any free one).`,
    );
  }
}
