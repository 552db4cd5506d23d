import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Answer, AnswerStream } from './chat/answer.ts';
import type { Inbound } from './chat/inbound.ts';
import type { CallHandler } from './chat/make-call.ts';

/** A body that nobody wants is read on so long, for the answer to be read before the connection closes. */
const DRAIN_MS = 500;
/** A caller who takes nothing of an answer for so long is gone: what it holds is let go of. */
const UNREAD_MS = 120_000;

/**
 * Answers `POST` on these paths straight from Node's request and response: a `Request`, a `Response` and a context for each
 * call take 3 of the gateway's microseconds (`docs/LOG.md`). Everything else is `otherwise`'s.
 */
export function directListener(
  handlers: ReadonlyMap<string, CallHandler>,
  otherwise: RequestListener,
  unreadMs = UNREAD_MS,
): RequestListener {
  return function listen(incoming, outgoing) {
    const handler = incoming.method === 'POST' ? handlers.get(incoming.url!) : undefined;
    if (!handler) return otherwise(incoming, outgoing);
    handler(new DirectInbound(incoming, outgoing)).then(
      (answer) => send(answer, { incoming, outgoing, unreadMs }),
      // Handlers turn every failure into an answer: what comes here is a fault of theirs.
      (error: unknown) => outgoing.destroy(error as Error),
    );
  };
}

class DirectInbound implements Inbound {
  readonly req: Inbound['req'];
  readonly env: Required<Inbound['env']>;

  constructor(incoming: IncomingMessage, outgoing: ServerResponse) {
    this.req = new DirectHeaders(incoming);
    this.env = { incoming, outgoing };
  }
}

class DirectHeaders {
  readonly #incoming: IncomingMessage;

  constructor(incoming: IncomingMessage) {
    this.#incoming = incoming;
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  get path(): string {
    return this.#incoming.url!;
  }

  get raw(): never {
    throw new TypeError('There is no Request on the direct way: take what `env` has');
  }
}

interface Exchanged {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  unreadMs: number;
}

function send({ status, headers, body }: Answer, { incoming, outgoing, unreadMs }: Exchanged): void {
  if (outgoing.destroyed) {
    // What can't be recorded (a full disk) must not end the process.
    if (typeof body !== 'string') body.cancel().catch(() => undefined);
    return;
  }
  if (typeof body !== 'string') {
    if (!incoming.readableEnded) endUnread(incoming, outgoing);
    outgoing.writeHead(status, headers);
    outgoing.flushHeaders();
    void pump(body, outgoing, unreadMs);
    return;
  }
  headers['content-length'] = String(Buffer.byteLength(body));
  if (!incoming.readableEnded) outgoing.shouldKeepAlive = false;
  outgoing.writeHead(status, headers);
  if (incoming.readableEnded) outgoing.end(body);
  else sayWhileUnread(body, incoming, outgoing);
  const { socket } = outgoing;
  // Nearly all answers are the kernel's by now. Node ends what stands still for so long by itself, and sets a time of its own afterwards.
  if (socket && socket.writableLength > 0) socket.setTimeout(unreadMs);
}

/**
 * An answer that came before the body was read (refused, too large). All of it goes out, but its end waits a little for the body's: with
 * that Node closes the connection, and a caller who is still writing would see that instead of the answer.
 */
function sayWhileUnread(body: string, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const end = () => {
    clearTimeout(timer);
    outgoing.end();
  };
  const timer = setTimeout(end, DRAIN_MS).unref();
  outgoing.write(body);
  incoming.once('end', end).once('close', end).resume();
}

/** At the caller's pace: the next piece is asked for once the last is on its way. */
async function pump(body: AnswerStream, outgoing: ServerResponse, unreadMs: number): Promise<void> {
  const sink = {
    // Who is gone needs nothing: the loop sees it.
    enqueue: (bytes: Uint8Array) => void (outgoing.destroyed || outgoing.write(bytes)),
    close: () => void (outgoing.destroyed || outgoing.end()),
  };
  let wake = (): void => undefined;
  outgoing.once('close', () => wake());
  // A connection that breaks is told by its close.
  outgoing.on('error', () => undefined);
  try {
    while (!outgoing.writableEnded && !outgoing.destroyed) {
      await body.pull(sink);
      if (!outgoing.writableNeedDrain || outgoing.destroyed) continue;
      const unread = setTimeout(() => outgoing.destroy(), unreadMs).unref();
      await new Promise<void>((resolve) => {
        wake = resolve;
        outgoing.once('drain', resolve);
      });
      clearTimeout(unread);
    }
    if (!outgoing.writableEnded) await body.cancel();
  } catch (error) {
    outgoing.destroy(error as Error);
  }
}

/** A streamed answer that came before the body was read ends the connection, soon after the caller could read it. */
function endUnread(incoming: IncomingMessage, outgoing: ServerResponse): void {
  outgoing.shouldKeepAlive = false;
  outgoing.once('finish', () => {
    const timer = setTimeout(() => incoming.socket.destroy(), DRAIN_MS).unref();
    incoming.socket.once('close', () => clearTimeout(timer));
    incoming.resume();
  });
}
