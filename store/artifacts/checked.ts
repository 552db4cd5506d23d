import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { hashFile, hashing, sha256Of } from './content-hash.ts';

/** Paths that this process has read whole and found right. */
const verified = new Set<string>();

/** The bytes, or `artifact_corrupt` where they are not what the reference says. */
export function checkedBytes(ref: ArtifactRef, bytes: Buffer): Buffer {
  if (bytes.length === ref.bytes && sha256Of(bytes) === ref.sha256) return bytes;
  throw corrupt(ref, bytes.length);
}

/**
 * A copy of an artifact in `folder`, named by its content. A copy that lies there is hashed once a process before it is
 * trusted; a wrong one is fetched again. Several processes may share the folder: a copy appears whole, by rename.
 */
export async function checkedFile(ref: ArtifactRef, folder: string, open: () => Promise<Readable>): Promise<string> {
  const path = join(folder, `${ref.sha256}${extname(ref.key)}`);
  if (await isGood(path, ref)) return path;
  await mkdir(folder, { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const hash = hashing();
    await pipeline(await open(), hash.through, createWriteStream(temporary, { flags: 'wx' }));
    const { sha256, bytes } = hash.result();
    if (sha256 !== ref.sha256) throw corrupt(ref, bytes);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
  verified.add(path);
  return path;
}

async function isGood(path: string, ref: ArtifactRef): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.size !== ref.bytes) return false;
  if (verified.has(path)) return true;
  if ((await hashFile(path)).sha256 !== ref.sha256) return false;
  verified.add(path);
  return true;
}

function corrupt(ref: ArtifactRef, bytes: number): StillhouseError {
  return new StillhouseError(
    'artifact_corrupt',
    `The artifact "${ref.key}" is not what was stored: ${bytes} of ${ref.bytes} bytes, or another content than ${ref.sha256.slice(0, 12)}….`,
  );
}

/** There is nothing under the reference's key. */
export function missing(key: string): StillhouseError {
  return new StillhouseError('artifact_missing', `The artifact "${key}" is not in the store.`);
}

/** The key holds other content. */
export function taken(key: string): StillhouseError {
  return new StillhouseError('conflict', `The artifact "${key}" exists already with other content; what is stored is never changed.`);
}
