import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { StudentFile } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';
import type { CliContext } from './context.ts';
import { bytes } from './format.ts';

/** Downloads a student's files into a folder. What lies there already, whole, is not sent again. */
export async function pullStudent(context: CliContext, name: string, options: { to: string; only?: string[] }): Promise<void> {
  const out = context.out();
  const { students } = context.connection().client;
  const all = await students.files(name);
  const wanted = all.filter(({ file }) => !options.only || options.only.includes(file));
  const unknown = (options.only ?? []).filter((file) => !all.some((one) => one.file === file));
  if (unknown.length > 0)
    throw new CliError(`Student "${name}" has no file ${unknown.join(', ')}; it has ${all.map(({ file }) => file).join(', ')}.`, {
      exitCode: 2,
    });
  await mkdir(options.to, { recursive: true });
  for (const file of wanted) {
    const path = join(options.to, file.file);
    const there = await isWhole(path, file);
    if (!there) await fetchFile(file, path, await students.download(name, file.file));
    if (!out.json) out.line(`${there ? out.style('dim', '·') : out.style('green', '✔')} ${path}  ${out.style('dim', bytes(file.bytes))}`);
  }
  if (out.json) out.line(JSON.stringify({ folder: options.to, files: wanted }, null, 2));
}

async function isWhole(path: string, file: StudentFile): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.size !== file.bytes) return false;
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex') === file.sha256;
}

/** A file appears under its name only once its hash is right. */
async function fetchFile(file: StudentFile, path: string, body: globalThis.ReadableStream<Uint8Array>): Promise<void> {
  const temporary = `${path}.part`;
  const hash = createHash('sha256');
  async function* hashed(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(Readable.fromWeb(body as ReadableStream<Uint8Array>), hashed, createWriteStream(temporary));
    if (hash.digest('hex') !== file.sha256) throw new CliError(`${file.file} did not arrive as it was stored; pull it again.`);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}
