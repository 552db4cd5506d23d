import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { StillhouseError } from '../../contracts/errors.ts';
import type { CancelSignal } from './cancel-signal.ts';
import type { CallDispatcher } from './http/http-client.ts';
import type { HttpRequest } from './http/http-request.ts';
import type { ProviderAnswer } from './provider.ts';
import { upstreamError } from './upstream-error.ts';

/** A whole answer larger than this is none: it must fit in memory beside all others. */
const MAX_WHOLE_BYTES = 64 * 1024 * 1024;
const EVENTS = 'text/event-stream';
/** Servers that stream without saying so, or by another name, are understood all the same: no JSON begins so. */
const BEGINS_EVENT = /^(?:\uFEFF)?(?:data:|event:|id:|retry:|:)/;
/** What of a provider's headers is of use to a caller; hop-by-hop ones and cookies are not. */
const PASSED_ON = /^(content-type|retry-after|retry-after-ms|x-should-retry|x-request-id|openai-.*|x-ratelimit-.*)$/;
/** By name: providers send the same ones again and again. */
const passedOn = new Map<string, boolean>();
const MOST_NAMES = 1000;
/** Other values can be received and not sent: an answer that is paid for must not fail over its request id. */
const CAN_BE_SENT = /^[\t\x20-\x7e]*$/;

/**
 * One request to a provider and what comes back. It sits on the dispatcher itself: an answer that is read whole
 * needs no stream in between. Redirects are not followed. A stream has begun once a byte of it is there; until then
 * another target may still be tried.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  readonly #answer: Promise<ProviderAnswer>;
  readonly #provider: string;
  readonly #streamAsked: boolean;
  readonly #signal: CancelSignal;
  #resolve!: (answer: ProviderAnswer) => void;
  #reject!: (error: unknown) => void;
  #status = 0;
  readonly #headers: Record<string, string> = {};
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #stream: Readable | null = null;
  #ended = false;

  constructor(provider: string, streamAsked: boolean, signal: CancelSignal) {
    this.#provider = provider;
    this.#streamAsked = streamAsked;
    this.#signal = signal;
    this.#answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Sends the request. Rejects with what `upstreamError` makes of a failure. */
  send(client: CallDispatcher, request: HttpRequest): Promise<ProviderAnswer> {
    try {
      client.dispatch(request, this);
    } catch (error) {
      // What can't be sent is refused at once.
      this.#reject(upstreamError(error, this.#provider));
    }
    return this.#answer;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const abort = () => controller.abort(this.#signal.reason);
    if (this.#signal.aborted) abort();
    else this.#signal.onAbort = abort;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return;
    this.#status = status;
    for (const name in headers) takeHeader(this.#headers, name, headers[name]);
    if (status >= 300 && status < 400) {
      const message = `Provider "${this.#provider}" answered with a redirect (${status}), which is not followed`;
      controller.abort(new StillhouseError('upstream_invalid', message, { data: { status } }));
    } else if (this.#streamAsked && status < 300 && this.#headers['content-type']?.startsWith(EVENTS))
      this.#stream = this.#streamOf(controller);
  }

  #streamOf(controller: Dispatcher.DispatchController): Readable {
    const stream = new Readable({
      read: () => controller.resume(),
      destroy: (error, done) => {
        if (!this.#ended) controller.abort(error ?? new StillhouseError('cancelled', 'The caller went away'));
        done(error);
      },
    });
    // It may fail before anybody has it in hand, and an error that nobody hears ends the process.
    return stream.on('error', () => undefined);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (
      this.#bytes === 0 &&
      this.#stream === null &&
      this.#streamAsked &&
      this.#status < 300 &&
      BEGINS_EVENT.test(chunk.toString('utf8', 0, 12))
    ) {
      this.#headers['content-type'] = EVENTS;
      this.#stream = this.#streamOf(controller);
    }
    this.#bytes += chunk.length;
    if (this.#stream) {
      if (!this.#stream.push(chunk)) controller.pause();
      this.#resolve({ form: 'stream', status: this.#status, headers: this.#headers, body: this.#stream });
      return;
    }
    this.#chunks.push(chunk);
    if (this.#bytes > MAX_WHOLE_BYTES) {
      controller.abort(new StillhouseError('upstream_invalid', `Provider "${this.#provider}" sent more than ${MAX_WHOLE_BYTES} bytes`));
    }
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.#signal.onAbort = null;
    if (this.#stream) {
      this.#stream.push(null);
      this.#resolve({ form: 'stream', status: this.#status, headers: this.#headers, body: this.#stream });
      return;
    }
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks, this.#bytes);
    const text = bytes.toString();
    this.#resolve({
      form: 'whole',
      status: this.#status,
      headers: this.#headers,
      // A byte order mark is no JSON.
      text: text.charCodeAt(0) === 0xfeff ? text.slice(1) : text,
    });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#ended = true;
    this.#signal.onAbort = null;
    this.#reject(upstreamError(error, this.#provider));
    this.#stream?.destroy(error);
  }
}

function takeHeader(taken: Record<string, string>, name: string, value: string | string[] | undefined): void {
  if (typeof value === 'string' && isPassedOn(name) && CAN_BE_SENT.test(value)) taken[name] = value;
}

/** What of a provider's headers goes to the caller, and those in `more`. */
export function sentOn(headers: Record<string, string | string[] | undefined>, more: readonly string[] = []): Record<string, string> {
  const taken: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (more.includes(name) && typeof value === 'string' && CAN_BE_SENT.test(value)) taken[name] = value;
    else takeHeader(taken, name, value);
  }
  return taken;
}

function isPassedOn(name: string): boolean {
  let known = passedOn.get(name);
  if (known === undefined) {
    known = PASSED_ON.test(name);
    if (passedOn.size >= MOST_NAMES) passedOn.clear();
    passedOn.set(name, known);
  }
  return known;
}
