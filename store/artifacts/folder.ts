import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { removeLeftBehind } from '../../platform/left-behind.ts';
import { checkArtifactKey } from './artifact-key.ts';
import type { ArtifactStore } from './store-contract.ts';
import { checkedBytes, checkedFile, missing, taken } from './checked.ts';
import { hashFile, hashing } from './content-hash.ts';

/** Half-written files lie here, on the file system of their destination; a key can't begin with a dot. */
const TEMPORARY = '.tmp';

/**
 * Artifacts in a folder. A file appears under its key by hard link, whole and only where nothing is: of two writers at
 * once one wins and the other finds its content.
 */
export function folderArtifactStore(folder: string): ArtifactStore {
  const root = resolve(folder);
  const temporaries = join(root, TEMPORARY);
  let cleaned: Promise<void> | undefined;
  const pathOf = (key: string) => {
    checkArtifactKey(key);
    return join(root, ...key.split('/'));
  };

  async function write(key: string, source: Readable): Promise<ArtifactRef> {
    const path = pathOf(key);
    cleaned ??= removeLeftBehind(temporaries);
    await cleaned;
    await mkdir(temporaries, { recursive: true });
    const temporary = join(temporaries, randomUUID());
    try {
      const hash = hashing();
      await pipeline(source, hash.through, createWriteStream(temporary, { flags: 'wx', flush: true }));
      const ref = { key, ...hash.result() };
      await mkdir(dirname(path), { recursive: true });
      try {
        await link(temporary, path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        if ((await hashFile(path)).sha256 !== ref.sha256) throw taken(key);
      }
      await syncFolder(dirname(path));
      return ref;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  const read = async (key: string) => {
    const path = pathOf(key);
    if (!(await isFile(path))) throw missing(key);
    return createReadStream(path);
  };

  return {
    url: pathToFileURL(root).href,
    put: (key, bytes) => write(key, Readable.from([bytes], { objectMode: false })),
    putFile: (key, path) => write(key, createReadStream(path)),
    async get(ref) {
      const bytes = await readFile(pathOf(ref.key)).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'ENOENT' ? missing(ref.key) : error;
      });
      return checkedBytes(ref, bytes);
    },
    open: (ref) => read(ref.key),
    getFile: (ref, to) => checkedFile(ref, to, () => read(ref.key)),
    async find(key) {
      const path = pathOf(key);
      return (await isFile(path)) ? { key, ...(await hashFile(path)) } : null;
    },
    has: (key) => isFile(pathOf(key)),
    async list(prefix) {
      // Only where such keys can lie: a store holds far more than one asks for. Nothing removes a folder of it meanwhile.
      const above = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
      const folder = above === '' ? root : pathOf(above);
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
        throw error;
      });
      const keys = entries
        .filter((entry) => entry.isFile())
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
      return keys.filter((key) => key.startsWith(prefix) && !key.startsWith(`${TEMPORARY}/`)).sort();
    },
    async delete(key) {
      await rm(pathOf(key), { force: true });
    },
  };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}

/** Makes the new name itself durable. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
