import { StillhouseError } from '../../contracts/errors.ts';
import type { Inbound } from './inbound.ts';

/** The request's body as text; `body_too_large` as soon as more than `maxBytes` have come, before the rest is read. */
export function readBody(c: Inbound, maxBytes: number): Promise<string> {
  const announced = Number(c.req.header('content-length') ?? 0);
  if (announced > maxBytes) return Promise.reject(tooLarge(maxBytes));
  const incoming = c.env?.incoming;
  if (!incoming) return readWebBody(c.req.raw, maxBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else reject(tooLarge(maxBytes));
    });
    incoming.on('end', () => resolve((chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)).toString()));
    // It comes after every body too: an error is made only where the body is not whole.
    incoming.on('close', () => incoming.readableEnded || reject(new StillhouseError('cancelled', 'The caller went away')));
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
