import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { tryExclusiveLock } from '../../platform/exclusive-lock.ts';
import type { homePaths } from '../../platform/home.ts';
import type { BackedUpFolder, Treatment } from './contents.ts';

/** A file system that can't link, or not from there to here, or not so often. */
const CANNOT_LINK = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Makes `to` hold the folders as they are at this moment: what is never written again by hard link, the rest by copy. The
 * writers stand still meanwhile, so it is synchronous and as short as can be.
 */
export function stageFolders(folders: readonly BackedUpFolder[], to: string): void {
  for (const folder of folders) {
    if (!existsSync(folder.path)) continue;
    stageFolder(folder.path, join(to, folder.name), '', (path) => folder.treatment(path));
  }
}

/** Removes what a backup that was killed has staged; that of a living one stays. */
export function removeLeftStaging({ staging, backupLock }: ReturnType<typeof homePaths>): void {
  if (!existsSync(staging)) return;
  const lock = tryExclusiveLock(backupLock, `process ${process.pid}`);
  if (lock === null) return;
  rmSync(staging, { recursive: true, force: true });
  lock.release();
}

function stageFolder(from: string, to: string, within: string, treatmentOf: (path: string) => Treatment): void {
  mkdirSync(to, { recursive: true, mode: lstatSync(from).mode & 0o777 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = within === '' ? entry.name : `${within}/${entry.name}`;
    const treatment = treatmentOf(path);
    if (treatment === 'leave-out') continue;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) stageFolder(source, target, path, treatment === 'link' ? () => 'link' : treatmentOf);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile()) stageFile(source, target, treatment);
  }
}

function stageFile(source: string, target: string, treatment: Treatment): void {
  try {
    if (treatment === 'link') return linkSync(source, target);
  } catch (error) {
    if (!CANNOT_LINK.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  copyFileSync(source, target, constants.COPYFILE_FICLONE);
}
