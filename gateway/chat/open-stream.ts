import { parseWritable } from '../../core/json-nesting.ts';
import type { Readable } from 'node:stream';
import { StillhouseError } from '../../contracts/errors.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { Provider, ProviderAnswer } from '../providers/provider.ts';
import { upstreamError } from '../providers/upstream-error.ts';
import { type Frame, framesOf, FrameSplitter } from './stream-frames.ts';

/** So much may come before a token; what sends more is passed on as it is. */
const MAX_HELD_BYTES = 1024 * 1024;
/** What in a delta is of an answer. */
const PARTS = ['content', 'tool_calls', 'refusal', 'reasoning_content', 'reasoning', 'function_call', 'audio'];

/**
 * A stream whose first token is there. Until then another target may still answer, so that nothing of it is passed on:
 * what comes before the token is held. It also watches the time between tokens, while it is waited for.
 */
export class OpenedStream {
  /** The whole frames up to and with the first token. */
  readonly held: Buffer[] = [];
  /** Called once when it is over. */
  onClose: (() => void) | null = null;
  readonly #body: Readable;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #splitter = new FrameSplitter();
  readonly #provider: Provider;
  readonly #signal: CancelSignal;
  #begun = false;
  /** `performance.now()` of the last token, later by the time in which nobody waited for the next one. */
  #since = performance.now();
  /** When the caller was last given something; null while the provider is waited for. */
  #pausedAt: number | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(body: Readable, provider: Provider, signal: CancelSignal) {
    this.#body = body;
    this.#provider = provider;
    this.#signal = signal;
    this.#chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
    this.#watch(provider.timeouts?.firstTokenMs);
  }

  /** Reads up to the first token. Throws where the stream fails before. */
  async open(): Promise<void> {
    let bytes = 0;
    while (!this.#begun) {
      const whole = await this.next();
      if (whole === null) throw this.cut('before the answer began');
      this.held.push(whole);
      bytes += whole.length;
      for (const frame of framesOf(whole.toString())) {
        if (frame.isDone) throw invalid(this.#provider, 'ended the stream without an answer');
        if (frame.data === '' || !hasToken(chunkOf(frame, this.#provider))) continue;
        // What is behind it is looked at when it is passed on.
        this.#begun = true;
        break;
      }
      if (bytes > MAX_HELD_BYTES) this.#begun = true;
    }
    this.token();
    this.#watch(this.#provider.timeouts?.idleMs);
  }

  /** The next bytes of whole frames; null at the end. Throws `upstream_*`, or why the call was ended. */
  async next(): Promise<Buffer | null> {
    if (this.#pausedAt !== null) this.#since += performance.now() - this.#pausedAt;
    this.#pausedAt = null;
    try {
      for (;;) {
        const { value, done } = await this.#chunks.next();
        if (done) return this.#splitter.last();
        const whole = this.#splitter.push(value);
        if (whole !== null) return whole;
      }
    } catch (error) {
      throw this.#signal.aborted ? this.#signal.reason : upstreamError(error, this.#provider.id);
    } finally {
      this.#pausedAt = performance.now();
    }
  }

  /** A token has come. */
  token(): void {
    this.#since = performance.now();
  }

  /** Whether a frame had begun when the stream ended. */
  get torn(): boolean {
    return this.#splitter.rest() !== null;
  }

  /** To its end, so that the connection can serve the next call; `cut` ends it at once. */
  close({ cut }: { cut: boolean }): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.onClose?.();
    this.onClose = null;
    this.#body.on('error', () => undefined);
    if (cut) this.#body.destroy();
    else this.#body.resume();
  }

  /** The failure of a stream that ended too early. */
  cut(when: string): StillhouseError {
    return new StillhouseError('upstream_reset', `Provider "${this.#provider.id}" ended the stream ${when}`);
  }

  /** One timer a stream: it looks how long the wait has been, and sleeps for the rest. */
  #watch(limitMs: number | undefined): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (limitMs === undefined) return;
    this.#timer = setTimeout(() => {
      const waited = this.#pausedAt === null ? performance.now() - this.#since : 0;
      if (waited < limitMs) return this.#rearm(limitMs - waited, limitMs);
      const what = this.#begun
        ? `no token for ${limitMs} ms (timeouts.idleMs)`
        : `no first token within ${limitMs} ms (timeouts.firstTokenMs)`;
      this.#signal.abort(new StillhouseError('upstream_timeout', `Provider "${this.#provider.id}" sent ${what}`));
    }, limitMs).unref();
  }

  #rearm(restMs: number, limitMs: number): void {
    this.#timer = setTimeout(() => this.#watch(limitMs), restMs).unref();
  }
}

/** Reads a stream up to its first token; ends it where it fails before. */
export async function openStream(
  answer: Extract<ProviderAnswer, { form: 'stream' }>,
  provider: Provider,
  signal: CancelSignal,
): Promise<OpenedStream> {
  const opened = new OpenedStream(answer.body, provider, signal);
  try {
    await opened.open();
    return opened;
  } catch (error) {
    opened.close({ cut: true });
    throw error;
  }
}

/** A frame's chunk. Throws where it is none, or an error. */
export function chunkOf({ data, event }: Frame, provider: Pick<Provider, 'id'>): Record<string, unknown> {
  let chunk: unknown;
  try {
    chunk = parseWritable(data);
  } catch {
    throw invalid(provider, `sent something in the stream that is not JSON, or none that could be written: ${data.slice(0, 80)}`);
  }
  if (typeof chunk !== 'object' || chunk === null)
    throw invalid(provider, `sent something in the stream that is no chunk: ${data.slice(0, 80)}`);
  const { error, object, message } = chunk as { error?: { message?: unknown } | string; object?: unknown; message?: unknown };
  if (error) throw invalid(provider, `sent an error in the stream: ${String(typeof error === 'object' ? error.message : error)}`);
  // As older vLLM servers say it, and some others.
  if (object === 'error' || event === 'error') throw invalid(provider, `sent an error in the stream: ${String(message)}`);
  return chunk as Record<string, unknown>;
}

/** Whether a chunk brings a part of an answer, or its end. */
export function hasToken({ choices }: Record<string, unknown>): boolean {
  if (!Array.isArray(choices)) return false;
  return choices.some((choice: { delta?: Record<string, unknown>; finish_reason?: unknown } | null) => {
    if (typeof choice?.finish_reason === 'string') return true;
    const delta = choice?.delta;
    return delta != null && PARTS.some((part) => delta[part] != null && delta[part] !== '');
  });
}

function invalid(provider: Pick<Provider, 'id'>, what: string): StillhouseError {
  return new StillhouseError('upstream_invalid', `Provider "${provider.id}" ${what}`);
}
