import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import type { Inbound } from '../chat/inbound.ts';

/** A caller may send nothing for so long in the middle of an upload. */
const SILENT_MS = 120_000;

/** A request's body as it comes; `count.bytes` grows with it. Throws `body_too_large`, and `cancelled` where the caller goes away. */
export async function* arrivingBytes(c: Inbound, maxBytes: number, count: { bytes: number }): AsyncGenerator<Uint8Array> {
  if (Number(c.req.header('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const incoming = c.env.incoming ?? Readable.fromWeb(c.req.raw.body as ReadableStream<Uint8Array>);
  const silent = setTimeout(() => incoming.destroy(), SILENT_MS).unref();
  try {
    // The answer goes out by the same connection: it must outlive a body that nobody wants any more.
    for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      silent.refresh();
      count.bytes += chunk.length;
      if (count.bytes > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
      silent.refresh();
    }
  } catch (error) {
    if (isStillhouseError(error)) throw error;
    throw new StillhouseError('cancelled', 'The caller went away', { cause: error });
  } finally {
    clearTimeout(silent);
  }
}

function tooLarge(maxBytes: number): StillhouseError {
  return new StillhouseError('body_too_large', `The upload is larger than ${maxBytes} bytes (limits.maxUploadBytes of stillhouse.yaml)`);
}
