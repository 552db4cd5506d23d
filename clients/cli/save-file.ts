import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { bytes } from './format.ts';
import type { Output } from './output.ts';

/** Writes what comes to a file, or to standard output where none is named. Under its name stands a whole file or none. */
export async function saveFile(out: Output, body: globalThis.ReadableStream<Uint8Array>, file: string | undefined): Promise<void> {
  const stream = Readable.fromWeb(body as ReadableStream<Uint8Array>);
  if (file === undefined) {
    for await (const chunk of stream) out.screen.write(chunk as Buffer);
    return;
  }
  const temporary = `${file}.part`;
  let written = 0;
  stream.on('data', (chunk: Buffer) => (written += chunk.length));
  try {
    await pipeline(stream, createWriteStream(temporary, { mode: 0o600 }));
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
  out.print({ file, bytes: written }, () => out.line(`${file}: ${bytes(written)}`));
}
