import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { readdir, readlink, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import { contentHash } from '../../platform/content-hash.ts';

/** Raised when an older program could not restore what a newer one has taken. */
export const FORMAT = 1;
export const MANIFEST = 'manifest.json';

/** Relative, and nowhere out of its folder. */
const Path = z.string().refine((path) => path !== '' && !posix.isAbsolute(path) && !path.split('/').includes('..'));
const Parts = z.object({ clickhouse: z.string().optional(), temporal: z.string().optional(), artifacts: z.string().optional() });

const Tree = z.object({
  files: z.array(z.object({ path: Path, bytes: z.number().int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  /** Folders with nothing in them. */
  folders: z.array(Path),
  links: z.array(z.object({ path: Path, target: z.string() })),
});
/** All that lies in a folder, by relative path, in order. */
export type Tree = z.infer<typeof Tree>;

const Content = Tree.extend({
  kind: z.literal('stillhouse-backup'),
  format: z.literal(FORMAT),
  /** When everything stood still, ISO 8601. */
  takenAt: z.iso.datetime(),
  /** For how long, in milliseconds; 0 where no stack ran. */
  pausedMs: z.number().int().min(0),
  database: z.string(),
  /** What the backup does not hold, and where it was. */
  outside: Parts,
});
/** What a backup says of itself. A backup without one is none: it is written last. */
export type Manifest = z.infer<typeof Content>;
const Signed = Content.extend({ digest: z.string() });

/** The manifest as its file has it, with the hash of its own content. */
export function manifestText(manifest: Manifest): string {
  return `${JSON.stringify({ ...manifest, digest: contentHash(manifest) }, null, 1)}\n`;
}

/** Reads the manifest of the backup `name` that lies in the folder, or says why it is none that can be restored. */
export function readManifest(folder: string, name: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(join(folder, MANIFEST), 'utf8'));
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw absent
      ? new StillhouseError('invalid_request', `${name} is no whole backup: it has no ${MANIFEST}, which is written last.`)
      : damaged(name, `${MANIFEST} can't be read (${(error as Error).message})`);
  }
  const head = z.object({ kind: z.literal('stillhouse-backup'), format: z.number() }).safeParse(content);
  if (!head.success) throw damaged(name, `${MANIFEST} is not that of a backup`);
  if (head.data.format > FORMAT) {
    throw new StillhouseError(
      'conflict',
      `${name} was made by a newer Stillhouse (format ${head.data.format}; this one reads format ${FORMAT}): restore it with that one.`,
    );
  }
  const parsed = Signed.safeParse(content);
  if (!parsed.success) throw damaged(name, `${MANIFEST} is not that of a backup`);
  const { digest, ...manifest } = parsed.data;
  if (contentHash(manifest) !== digest) throw damaged(name, `${MANIFEST} has been changed`);
  return manifest;
}

/** Looks at everything in the folder; with the SHA-256 of each file. */
export async function readTree(folder: string, signal: AbortSignal): Promise<Tree> {
  const tree: Tree = { files: [], folders: [], links: [] };
  const look = async (within: string): Promise<void> => {
    const entries = await readdir(join(folder, within), { withFileTypes: true });
    if (entries.length === 0 && within !== '') tree.folders.push(within);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      signal.throwIfAborted();
      const path = posix.join(within, entry.name);
      if (entry.isDirectory()) await look(path);
      else if (entry.isSymbolicLink()) tree.links.push({ path, target: await readlink(join(folder, path)) });
      else tree.files.push({ path, ...(await hashed(join(folder, path))) });
    }
  };
  await look('');
  return tree;
}

/** Throws where what lies in a folder is not what the manifest says. */
export function compareTree(found: Tree, { files, folders, links }: Manifest, name: string): void {
  const there = new Map(found.files.map((file) => [file.path, file]));
  for (const { path, bytes, sha256 } of files) {
    const file = there.get(path);
    if (file === undefined) throw damaged(name, `${path} is missing`);
    if (file.bytes !== bytes) throw damaged(name, `${path} has ${file.bytes} bytes instead of ${bytes}`);
    if (file.sha256 !== sha256) throw damaged(name, `the SHA-256 of ${path} is another one`);
    there.delete(path);
  }
  for (const path of there.keys()) throw damaged(name, `${path} is not in its manifest`);
  if (contentHash([found.folders, found.links]) !== contentHash([folders, links])) throw damaged(name, 'its folders are others');
}

export function damaged(name: string, why: string): StillhouseError {
  return new StillhouseError('invalid_request', `${name} is damaged: ${why}. Nothing was restored.`);
}

async function hashed(path: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return { bytes: (await stat(path)).size, sha256: hash.digest('hex') };
}
