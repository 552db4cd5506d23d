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
  const check = new JsonlCheck();
  return receiveFile(body, {
    temporaryFolder,
    maxBytes: MAX_FILE_BYTES,
    seen: (chunk) => check.add(chunk),
    async keep({ sha256, bytes, path }) {
      const lines = check.end();
      await keep(fileKey(sha256), path);
      return { file: sha256, bytes, lines };
    },
  });
}

interface Receiving<T> {
  temporaryFolder: string;
  maxBytes: number;
  /** Sees each chunk as it comes; what it throws ends the upload. */
  seen?: (chunk: Uint8Array) => void;
  /** Takes the whole file, which is removed afterwards. */
  keep: (file: { sha256: string; bytes: number; path: string }) => Promise<T>;
}

/** Streams a body to a temporary file and hands it on once it is whole; `body_too_large` as soon as it is too large. */
export async function receiveFile<T>(
  body: ReadableStream<Uint8Array> | null,
  { temporaryFolder, maxBytes, seen, keep }: Receiving<T>,
): Promise<T> {
  if (!body) throw new StillhouseError('invalid_request', 'the body: must be a JSONL file, one row a line', { param: 'the body' });
  await mkdir(temporaryFolder, { recursive: true });
  await removeLeftBehind(temporaryFolder);
  const path = join(temporaryFolder, `upload-${randomUUID()}.jsonl`);
  const hash = createHash('sha256');
  let bytes = 0;
  async function* checked(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new StillhouseError('body_too_large', `A file may have ${maxBytes} bytes at most.`);
      hash.update(chunk);
      seen?.(chunk);
      yield chunk;
    }
  }
  try {
    await pipeline(Readable.fromWeb(body), checked, createWriteStream(path, { flags: 'wx' }));
    return await keep({ sha256: hash.digest('hex'), bytes, path });
  } finally {
    await rm(path, { force: true });
  }
}
