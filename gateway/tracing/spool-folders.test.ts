import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type * as locks from '../../platform/exclusive-lock.ts';
import { claimNewFolder, claimOrphan, processFolders, removeFolder } from './spool-folders.ts';

/** Called where a lock is about to be taken: another process may look at any moment. */
const looks = vi.hoisted(() => ({ meanwhile: () => {} }));
vi.mock('../../platform/exclusive-lock.ts', async (original) => {
  const real = await original<typeof locks>();
  return {
    ...real,
    exclusiveLock(...lock: Parameters<typeof real.exclusiveLock>) {
      looks.meanwhile();
      return real.exclusiveLock(...lock);
    },
  };
});

test('a folder is found by others once it is locked, and an orphan once its process is gone', () => {
  const spool = mkdtempSync(join(tmpdir(), 'stillhouse-folders-'));
  const found: string[][] = [];
  looks.meanwhile = () => void found.push(processFolders(spool));
  const own = claimNewFolder(spool, 'me');
  expect(found).toEqual([[]]);
  expect(processFolders(spool)).toEqual([own.path]);
  expect(claimOrphan(own.path, 'another')).toBeNull();
  own.lock.release();
  removeFolder(claimOrphan(own.path, 'another')!);
  expect(processFolders(spool)).toEqual([]);
  rmSync(spool, { recursive: true });
});
