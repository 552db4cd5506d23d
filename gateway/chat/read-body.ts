import type { IncomingMessage } from 'node:http';
import { StillhouseError } from '../../contracts/errors.ts';
import { GrowingBytes } from '../../platform/growing-bytes.ts';
import type { Inbound } from './inbound.ts';

/** A server waits longer for large uploads (`gateway.ts`); a call's body has so long to arrive. */
const ARRIVES_WITHIN_MS = 120_000;
const SWEEP_MS = 5_000;
/** Bodies that are on their way, and until when: one timer for all, since a call would pay for its own. */
const reading = new Map<IncomingMessage, number>();
let sweeper: NodeJS.Timeout | undefined;

function endSlowOnes(): void {
  const now = Date.now();
  for (const [incoming, until] of reading) if (until < now) incoming.destroy();
}

/** The request's body as text; `body_too_large` as soon as more than `maxBytes` have come, before the rest is read. */
export function readBody(c: Inbound, maxBytes: number): Promise<string> {
  const announced = Number(c.req.header('content-length') ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes));
  const incoming = c.env?.incoming;
  if (!incoming) return readWebBody(c.req.raw, maxBytes);
  return new Promise((resolve, reject) => {
    reading.set(incoming, Date.now() + ARRIVES_WITHIN_MS);
    sweeper ??= setInterval(endSlowOnes, SWEEP_MS).unref();
    // Nearly all bodies come in one piece, which is then the whole.
    let only: Buffer | null = null;
    let more: GrowingBytes | null = null;
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) return reject(tooLarge(maxBytes));
      if (bytes === chunk.length) {
        only = chunk;
        return;
      }
      if (more === null) {
        more = new GrowingBytes();
        more.add(only!);
      }
      more.add(chunk);
    });
    incoming.on('end', () => {
      reading.delete(incoming);
      resolve((more?.take() ?? only ?? '').toString());
    });
    // It comes after every body too: an error is made only where the body is not whole.
    incoming.on('close', () => {
      if (incoming.readableEnded) return;
      reading.delete(incoming);
      reject(new StillhouseError('cancelled', 'The caller went away'));
    });
    incoming.on('error', () => undefined);
  });
}

async function readWebBody(request: Request, maxBytes: number): Promise<string> {
  const body = await request.arrayBuffer();
  if (body.byteLength > maxBytes) throw tooLarge(maxBytes);
  return Buffer.from(body).toString();
}

function tooLarge(maxBytes: number): StillhouseError {
  return new StillhouseError(
    'body_too_large',
    `The request's body is larger than ${maxBytes} bytes (limits.maxBodyBytes of stillhouse.yaml)`,
  );
}
