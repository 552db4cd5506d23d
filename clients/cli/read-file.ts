import { accessSync, constants, createReadStream, statSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { UploadBody } from '../sdk/index.ts';
import { CliError } from './cli-error.ts';

const CHUNK_BYTES = 1024 * 1024;

/** A file to be uploaded, not read yet. `what`: how the person named it. `onSent` is told how much of it is on its way. */
export function fileAt(path: string, what: string, onSent?: (bytes: number) => void): UploadBody {
  try {
    // A stream of a folder, or of a file that may not be read, fails only when it is sent.
    accessSync(path, constants.R_OK);
    if (!statSync(path).isFile()) throw new Error('it is a folder, or no plain file');
    return fileStream(path, onSent);
  } catch (cause) {
    throw new CliError(`${what}: ${path} can't be read: ${(cause as Error).message}.`, { cause, exitCode: 2 });
  }
}

/** No blob: `openAsBlob` of Node 24 ends a file of more than 4 GiB after what of its size is beyond a multiple of 4 GiB, and holds what it has sent. */
export function fileStream(path: string, onSent?: (bytes: number) => void): UploadBody {
  const file = Readable.toWeb(createReadStream(path, { highWaterMark: CHUNK_BYTES })) as ReadableStream<Uint8Array>;
  if (!onSent) return file;
  let sent = 0;
  return file.pipeThrough(
    new TransformStream({
      transform(chunk: Uint8Array, controller) {
        sent += chunk.length;
        onSent(sent);
        controller.enqueue(chunk);
      },
    }),
  );
}
