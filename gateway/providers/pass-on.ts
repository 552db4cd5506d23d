import { Readable } from 'node:stream';
import { StillhouseError } from '../../contracts/errors.ts';
import { sentOn } from './exchange.ts';
import type { ProviderConnection } from './provider-connection.ts';
import type { PassedAnswer, PassedRequest } from './provider.ts';
import { upstreamError } from './upstream-error.ts';

/** Of an answer that goes through untouched, these are true too. */
const OF_BODIES = ['content-length', 'content-encoding', 'content-disposition'];

type Wired = Omit<PassedRequest, 'model' | 'contentType'> & { headers: Readonly<Record<string, string>> };

/**
 * Sends a request of which nothing is held, and gives the answer once its head is there. A redirect is not followed. While the body
 * goes up, the provider may take none of it for `idleMs`; its answer may take `firstByteMs` from the body's end. Throws what
 * `upstreamError` makes of a failure, and what `body` throws as it is.
 */
export async function passOn(connection: ProviderConnection, { signal, body, ...request }: Wired): Promise<PassedAnswer> {
  const { id, timeouts } = connection;
  const aborting = new AbortController();
  if (signal.aborted) throw signal.reason;
  signal.onAbort = () => aborting.abort(signal.reason);
  const late = timer((ms) => aborting.abort(new StillhouseError('upstream_timeout', `Provider "${id}" did not answer within ${ms} ms`)));
  const streamed = body !== null && typeof body !== 'string';
  try {
    const {
      statusCode,
      headers,
      body: answer,
    } = await connection.pool.request({
      ...request,
      body: streamed ? Readable.from(watched(body, late, timeouts), { objectMode: false }) : body,
      signal: aborting.signal,
      // It begins with the request, and a body takes its time: `late` measures.
      ...(streamed ? { headersTimeout: 0 } : {}),
    });
    late.stop();
    if (statusCode >= 300 && statusCode < 400) {
      answer.on('error', () => undefined).destroy();
      throw new StillhouseError('upstream_invalid', `Provider "${id}" answered with a redirect (${statusCode}), which is not followed`);
    }
    return { status: statusCode, headers: sentOn(headers, OF_BODIES), body: answer };
  } catch (error) {
    late.stop();
    throw upstreamError(error, id);
  }
}

interface Timer {
  start(ms: number): void;
  stop(): void;
}

function timer(act: (ms: number) => void): Timer {
  let running: NodeJS.Timeout | undefined;
  return {
    start(ms) {
      clearTimeout(running);
      running = setTimeout(() => act(ms), ms).unref();
    },
    stop: () => clearTimeout(running),
  };
}

/** The clock runs while the provider is at it, and stands while the caller is. */
async function* watched(
  body: AsyncIterable<Uint8Array>,
  late: Timer,
  timeouts: ProviderConnection['timeouts'],
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    late.start(timeouts.idleMs);
    yield chunk;
    late.stop();
  }
  late.start(timeouts.firstByteMs);
}
