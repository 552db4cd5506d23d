import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ArtifactRef } from '../../../contracts/identifiers.ts';
import type { ArtifactStore } from '../../../store/artifacts/artifact-store.ts';

/** A checked copy of an artifact under a name that another server reads: it appears whole, and what is there is right. */
export async function placeFile(artifacts: ArtifactStore, ref: ArtifactRef, path: string): Promise<void> {
  if (await isThere(path)) return;
  const folder = temporaryBeside(path);
  try {
    await mkdir(dirname(path), { recursive: true });
    await rename(await artifacts.getFile(ref, folder), path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The same for a folder of several files, by name. */
export async function placeFolder(artifacts: ArtifactStore, files: Readonly<Record<string, ArtifactRef>>, path: string): Promise<void> {
  if (await isThere(path)) return;
  const folder = temporaryBeside(path);
  try {
    for (const [name, ref] of Object.entries(files)) await placeFile(artifacts, ref, join(folder, name));
    await rename(folder, path).catch((error: NodeJS.ErrnoException) => {
      // Another gateway was first.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function temporaryBeside(path: string): string {
  return `${path}.${randomUUID()}.tmp`;
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}
