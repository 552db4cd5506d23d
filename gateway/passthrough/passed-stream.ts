import type { Readable } from 'node:stream';
import type { StillhouseError } from '../../contracts/errors.ts';
import type { AnswerSink, AnswerStream } from '../chat/answer.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import { upstreamError } from '../providers/upstream-error.ts';
import type { BodyDigest } from './body-digest.ts';

/** A provider's body on its way to the caller, at the caller's pace. Its trace is written before it ends. */
export class PassedStream implements AnswerStream {
  readonly #body: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #provider: string;
  readonly #signal: CancelSignal;
  readonly #digest: BodyDigest;
  readonly #over: (failure: StillhouseError | null) => Promise<void>;
  #ended = false;

  /** `over` is told once how it ended. */
  constructor(
    body: Readable,
    provider: string,
    signal: CancelSignal,
    digest: BodyDigest,
    over: (failure: StillhouseError | null) => Promise<void>,
  ) {
    this.#body = body;
    this.#chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    this.#provider = provider;
    this.#signal = signal;
    this.#digest = digest;
    this.#over = over;
  }

  async pull(sink: AnswerSink): Promise<void> {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await this.#chunks.next();
    } catch (error) {
      const failure = this.#signal.aborted ? this.#signal.reason : upstreamError(error, this.#provider);
      await this.#end(failure);
      // What the caller has got is not whole: only a broken connection says so.
      throw failure;
    }
    if (next.done) {
      await this.#end(this.#signal.aborted ? this.#signal.reason : null);
      return sink.close();
    }
    this.#digest.take(next.value);
    sink.enqueue(next.value);
  }

  async cancel(): Promise<void> {
    this.#signal.abort();
    this.#body.on('error', () => undefined).destroy();
    await this.#end(this.#signal.reason);
  }

  async #end(failure: StillhouseError | null): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#over(failure);
  }
}
