import type { Dispatcher } from 'undici';
import type { ResponseHeaders, ResponseSink } from './response-parser.ts';

/** What carries a call, as the call sees it. */
export interface CallCarrier {
  /** The head of the answer is there; `keepAlive`: what the server says of the connection. */
  onHead(keepAlive: string | string[] | undefined): void;
  /** The answer is there; `reusable`: the connection may carry another call. */
  onEnd(reusable: boolean): void;
  pause(): void;
  resume(): void;
  /** The call is over before its answer is: the connection goes with it. */
  cut(): void;
}

/** One request and whoever waits for its answer. It ends once: with the answer's end, or with an error. */
export class HttpCall implements Dispatcher.DispatchController, ResponseSink {
  readonly head: string;
  readonly body: string | Uint8Array;
  readonly bodyBytes: number;
  readonly #handler: Dispatcher.DispatchHandler;
  /** What it is on; null while it waits, and when it is over. */
  connection: CallCarrier | null = null;
  hasHead = false;
  paused = false;
  aborted = false;
  reason: Error | null = null;
  /** Told when it ends before it has a connection. */
  onGivenUp: ((call: HttpCall) => void) | null = null;
  #over = false;

  constructor(head: string, { body, bodyBytes }: { body: string | Uint8Array; bodyBytes: number }, handler: Dispatcher.DispatchHandler) {
    this.head = head;
    this.body = body;
    this.bodyBytes = bodyBytes;
    this.#handler = handler;
  }

  get isOver(): boolean {
    return this.#over;
  }

  abort(reason: Error): void {
    if (this.#over) return;
    this.aborted = true;
    this.reason = reason;
    const { connection } = this;
    if (connection) connection.cut();
    else this.onGivenUp?.(this);
    this.fail(reason);
  }

  pause(): void {
    if (this.#over || this.paused) return;
    this.paused = true;
    this.connection?.pause();
  }

  resume(): void {
    if (this.#over || !this.paused) return;
    this.paused = false;
    this.connection?.resume();
  }

  /** Its connection is gone, or never came. */
  fail(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    this.connection = null;
    this.#handler.onResponseError?.(this, error);
  }

  onHead(status: number, headers: ResponseHeaders): void {
    this.hasHead = true;
    this.connection?.onHead(headers['keep-alive']);
    this.#handler.onResponseStart?.(this, status, headers);
  }

  onBody(bytes: Buffer): void {
    if (!this.#over) this.#handler.onResponseData?.(this, bytes);
  }

  onEnd(reusable: boolean): void {
    if (this.#over) return;
    this.#over = true;
    const { connection } = this;
    this.connection = null;
    connection?.onEnd(reusable);
    try {
      this.#handler.onResponseEnd?.(this, {});
    } catch (error) {
      // The connection may be another call's by now: only this one's handler hears of it.
      this.#handler.onResponseError?.(this, error as Error);
    }
  }
}
