import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { pipeline } from 'node:stream/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import type { UploadedFile } from '../../contracts/http.ts';
import { removeLeftBehind } from '../../platform/left-behind.ts';
import { JsonlCheck } from './jsonl-check.ts';

/** Larger files are refused; a dataset of that size comes from traces. */
const MAX_FILE_BYTES = 2 * 1024 ** 3;

/** Where an uploaded file lies in the artifact store; its content's hash is its id. */
export function fileKey(sha256: string): string {
  return `files/${sha256}.jsonl`;
}

/**
 * Streams a JSONL body to a temporary file, every line checked on its way, and hands the whole file to `keep`. A body
 * that was cut off or has a bad line is kept by nobody.
 */
export async function receiveJsonl(
  body: ReadableStream<Uint8Array> | null,
  temporaryFolder: string,
  keep: (key: string, path: string) => Promise<unknown>,
): Promise<UploadedFile> {
  if (!body) throw new StillhouseError('invalid_request', 'the body: must be a JSONL file, one row a line', { param: 'the body' });
  await mkdir(temporaryFolder, { recursive: true });
  await removeLeftBehind(temporaryFolder);
  const path = join(temporaryFolder, `upload-${randomUUID()}.jsonl`);
  const hash = createHash('sha256');
  const check = new JsonlCheck();
  let bytes = 0;
  async function* checked(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > MAX_FILE_BYTES) throw new StillhouseError('body_too_large', `A file may have ${MAX_FILE_BYTES} bytes at most.`);
      hash.update(chunk);
      check.add(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(Readable.fromWeb(body), checked, createWriteStream(path, { flags: 'wx' }));
    const lines = check.end();
    const file = hash.digest('hex');
    await keep(fileKey(file), path);
    return { file, bytes, lines };
  } finally {
    await rm(path, { force: true });
  }
}
