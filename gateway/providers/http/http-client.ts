import { type Dispatcher, errors } from 'undici';
import { HttpCall } from './http-call.ts';
import { type ConnectionOwner, HttpConnection, type HttpOrigin, type HttpTimeouts } from './http-connection.ts';
import { type HttpRequest, RequestHeads } from './http-request.ts';

export interface HttpClientOptions {
  /** Connections at once; further calls wait for their turn. */
  connections: number;
  timeouts: HttpTimeouts;
  /** Instead of the system's: it may refuse addresses. */
  lookup?: HttpOrigin['lookup'];
}

/** What sends requests that are whole in memory: this client, or one of undici's. */
export interface CallDispatcher {
  dispatch(request: HttpRequest, handler: Dispatcher.DispatchHandler): unknown;
}

/** Timeouts are met by a tenth of the shortest, and no later than by this. */
const SLOWEST_TICK_MS = 500;
const FASTEST_TICK_MS = 10;

/**
 * HTTP/1.1 to one origin, for calls that are whole in memory: two thirds of undici's CPU for one (docs/decisions/0016). It tells handlers what
 * undici's dispatchers tell, with the same errors. No pipelining, no redirects, no retries: a connection that the server closes as a request goes
 * out is an error of that request.
 */
export class HttpClient implements CallDispatcher, ConnectionOwner {
  readonly #origin: HttpOrigin;
  readonly #most: number;
  readonly #heads: RequestHeads;
  readonly #tickMs: number;
  readonly #all = new Set<HttpConnection>();
  /** The one that was used last is used next: the others come to their end. */
  readonly #free: HttpConnection[] = [];
  readonly #waiting = new Set<HttpCall>();
  #ticking: NodeJS.Timeout | undefined;
  #destroyed = false;

  constructor(origin: string, { connections, timeouts, lookup }: HttpClientOptions) {
    const url = new URL(origin);
    this.#origin = { url, timeouts, lookup };
    this.#most = connections;
    this.#heads = new RequestHeads(url.host);
    const shortest = Math.min(timeouts.connectMs, timeouts.firstByteMs, timeouts.idleMs);
    this.#tickMs = Math.min(SLOWEST_TICK_MS, Math.max(FASTEST_TICK_MS, shortest / 10));
  }

  /** Throws for a request that can't be sent. */
  dispatch(request: HttpRequest, handler: Dispatcher.DispatchHandler): void {
    const bodyBytes = Buffer.byteLength(request.body);
    const call = new HttpCall(this.#heads.head(request, bodyBytes), { body: request.body, bodyBytes }, handler);
    handler.onRequestStart?.(call, null);
    if (call.isOver) return;
    if (this.#destroyed) return call.fail(new errors.ClientDestroyedError());
    const free = this.#freeOne();
    if (free) free.begin(call);
    else if (this.#all.size < this.#most) this.#connect(call);
    else {
      this.#waiting.add(call);
      call.onGivenUp = () => this.#waiting.delete(call);
    }
  }

  /** Calls under way fail, and later ones do. */
  destroy(): Promise<void> {
    this.#destroyed = true;
    const error = new errors.ClientDestroyedError();
    for (const call of this.#waiting) call.fail(error);
    this.#waiting.clear();
    for (const connection of this.#all) connection.end(error);
    return Promise.resolve();
  }

  onFree(connection: HttpConnection): void {
    const next = this.#nextWaiting();
    if (next) connection.begin(next);
    else this.#free.push(connection);
  }

  onClosed(connection: HttpConnection): void {
    this.#all.delete(connection);
    if (this.#all.size === 0) {
      clearInterval(this.#ticking);
      this.#ticking = undefined;
    }
    const index = this.#free.indexOf(connection);
    if (index >= 0) this.#free.splice(index, 1);
    const next = this.#nextWaiting();
    if (next) this.#connect(next);
  }

  #connect(call: HttpCall): void {
    this.#all.add(new HttpConnection(this.#origin, this, call));
    this.#ticking ??= setInterval(() => this.#tick(), this.#tickMs).unref();
  }

  #freeOne(): HttpConnection | undefined {
    for (;;) {
      const connection = this.#free.pop();
      if (!connection || connection.isUsable) return connection;
    }
  }

  #nextWaiting(): HttpCall | undefined {
    const [call] = this.#waiting;
    if (call) {
      this.#waiting.delete(call);
      call.onGivenUp = null;
    }
    return call;
  }

  #tick(): void {
    const now = performance.now();
    for (const connection of this.#all) connection.tick(now);
  }
}
