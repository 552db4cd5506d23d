import { isIP, type LookupFunction, type Socket, type TcpNetConnectOpts, connect } from 'node:net';
import { type ConnectionOptions, connect as connectSecurely } from 'node:tls';
import { errors } from 'undici';
import type { CallCarrier, HttpCall } from './http-call.ts';
import { ResponseParser } from './response-parser.ts';

export interface HttpTimeouts {
  /** Name, TCP and TLS together. */
  connectMs: number;
  /** From the request to the end of the answer's head. */
  firstByteMs: number;
  /** Between two pieces of the body. */
  idleMs: number;
}

export interface HttpOrigin {
  url: URL;
  timeouts: HttpTimeouts;
  /** Instead of the system's. */
  lookup?: LookupFunction | undefined;
  /** Of the last TLS session, which makes the next one shorter. */
  session?: Buffer | undefined;
}

/** Told of a connection by itself. */
export interface ConnectionOwner {
  /** It can carry another call. */
  onFree(connection: HttpConnection): void;
  onClosed(connection: HttpConnection): void;
}

/** How long a connection without a call is kept, where the server doesn't say. */
const KEPT_MS = 4_000;
const LONGEST_KEPT_MS = 600_000;
/** Given up so long before the server's own limit: a request must not meet its end. */
const MARGIN_MS = 2_000;
const TCP_KEEPALIVE_MS = 60_000;
/** Larger bodies are not copied together with their head. */
const ONE_WRITE = 64 * 1024;

/** All connections read into the same memory: what comes is used up before the next read. */
const arrived = Buffer.allocUnsafe(64 * 1024);

/** One connection, one call at a time. */
export class HttpConnection implements CallCarrier {
  readonly #origin: HttpOrigin;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  #call: HttpCall | null;
  #parser: ResponseParser | null = null;
  #error: Error | null = null;
  #connected = false;
  /** By `performance.now()`: what is to have happened by then, by the state that the connection is in. */
  #deadlineMs: number;
  #keptMs = KEPT_MS;

  /** Connects, for this call. */
  constructor(origin: HttpOrigin, owner: ConnectionOwner, call: HttpCall) {
    this.#origin = origin;
    this.#owner = owner;
    this.#call = call;
    call.connection = this;
    this.#deadlineMs = performance.now() + origin.timeouts.connectMs;
    const onread = { buffer: arrived, callback: (length: number) => this.#read(length) };
    this.#socket = opened(origin, onread);
    this.#socket
      .setNoDelay(true)
      .setKeepAlive(true, TCP_KEEPALIVE_MS)
      .once(origin.url.protocol === 'https:' ? 'secureConnect' : 'connect', () => this.#onConnect())
      .on('error', (error) => (this.#error ??= error))
      .on('close', () => this.#onClose());
  }

  get isUsable(): boolean {
    return this.#call === null && !this.#socket.destroyed && this.#socket.writable;
  }

  /** Sends a call; only where the connection is free. */
  begin(call: HttpCall): void {
    this.#call = call;
    call.connection = this;
    this.#socket.ref();
    this.#send(call);
  }

  /** Fails its call, if it has one, and closes. */
  end(error: Error): void {
    const call = this.#call;
    this.cut();
    call?.fail(error);
  }

  /** Looks at the clock. */
  tick(nowMs: number): void {
    if (nowMs < this.#deadlineMs || this.#call?.paused) return;
    if (this.#call === null) this.#socket.destroy();
    else this.end(this.#lateness());
  }

  cut(): void {
    this.#call = null;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#deadlineMs = performance.now() + this.#origin.timeouts.idleMs;
    this.#socket.resume();
  }

  onHead(keepAlive: string | string[] | undefined): void {
    const seconds = keepAlive === undefined ? undefined : /timeout=(\d{1,9})/i.exec(String(keepAlive))?.[1];
    if (seconds !== undefined) this.#keptMs = Math.min(Number(seconds) * 1000 - MARGIN_MS, LONGEST_KEPT_MS);
  }

  onEnd(reusable: boolean): void {
    const wasPaused = this.#call?.paused === true;
    this.#call = null;
    this.#parser = null;
    // A request that was answered before all of it was sent leaves the rest on the way.
    if (!reusable || this.#keptMs <= 0 || this.#socket.writableLength > 0) return void this.#socket.destroy();
    if (wasPaused) this.#socket.resume();
    this.#deadlineMs = performance.now() + this.#keptMs;
    this.#socket.unref();
    this.#owner.onFree(this);
  }

  #onConnect(): void {
    this.#connected = true;
    if (this.#call) this.#send(this.#call);
  }

  #send({ head, body, bodyBytes }: HttpCall): void {
    this.#parser = new ResponseParser(this.#call!);
    this.#deadlineMs = performance.now() + this.#origin.timeouts.firstByteMs;
    const socket = this.#socket;
    if (typeof body === 'string' && body.length <= ONE_WRITE) {
      // Text of as many bytes as letters is ASCII and needs no encoding.
      socket.write(head + body, bodyBytes === body.length ? 'latin1' : 'utf8');
      return;
    }
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }

  /** `length` bytes lie in `arrived`. */
  #read(length: number): boolean {
    const parser = this.#parser;
    if (parser === null) {
      // Nobody has asked.
      this.end(new errors.SocketError('the server spoke first'));
      return false;
    }
    try {
      parser.push(arrived.subarray(0, length));
    } catch (error) {
      this.end(error as Error);
      return false;
    }
    if (this.#parser === parser && this.#call?.hasHead) this.#deadlineMs = performance.now() + this.#origin.timeouts.idleMs;
    return true;
  }

  #onClose(): void {
    const call = this.#call;
    if (call !== null) {
      // An answer of no stated length ends with its connection, if that ends in order.
      const ended = this.#error === null && this.#parser?.close() === true;
      if (!ended) this.end(this.#error ?? new errors.SocketError('other side closed'));
    }
    this.#owner.onClosed(this);
  }

  #lateness(): Error {
    if (!this.#connected) return new errors.ConnectTimeoutError();
    return this.#call?.hasHead ? new errors.BodyTimeoutError() : new errors.HeadersTimeoutError();
  }
}

function opened(origin: HttpOrigin, onread: NonNullable<TcpNetConnectOpts['onread']>): Socket {
  const { url, lookup } = origin;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const secure = url.protocol === 'https:';
  const options = { host, port: Number(url.port) || (secure ? 443 : 80), onread, ...(lookup ? { lookup } : {}) };
  if (!secure) return connect(options);
  const tls: ConnectionOptions = {
    ...options,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(origin.session ? { session: origin.session } : {}),
  };
  return connectSecurely(tls).on('session', (session) => (origin.session = session));
}
