import type { StillhouseError } from '../../contracts/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { CircuitBreakers } from '../routing/circuit-breaker.ts';
import type { Answer, AnswerSink, AnswerStream } from './answer.ts';
import { answerHeaders } from './answer-headers.ts';
import type { Answered } from './answered.ts';
import type { Asking } from './asking.ts';
import type { Call } from './call.ts';
import type { CallFrames } from './call-frames.ts';
import { Continuation } from './continuation.ts';
import { asStillhouseError } from './openai-error.ts';
import { chunkOf, hasToken } from './open-stream.ts';
import { recordCall, type Recording } from './record-call.ts';
import { framesOf } from './stream-frames.ts';
import { StreamRecorder } from './stream-recorder.ts';
import { StreamSpending } from './stream-spending.ts';

type Streamed = Extract<Answered, { form: 'stream' }>;

interface StreamParts {
  asking: Asking;
  recording: Recording;
  breakers: CircuitBreakers;
  /** Of the caller. */
  signal: CancelSignal;
  frames: CallFrames;
  /** Called once when the stream is over, however it ended. */
  left: () => void;
  log: Logger;
}

/**
 * Passes a stream on, frame by frame and as fast as the caller reads. The frame that ends it is held back until the
 * trace is written.
 */
export function streamAnswer(call: Call, answered: Streamed, parts: StreamParts): Answer {
  const headers = { ...answered.answer.headers, ...answerHeaders(call) };
  return { status: answered.answer.status, headers, body: new StreamRelay(call, answered, parts) };
}

/** Bytes to pass on, and what closes the stream: null while it goes on. */
interface Taken {
  passed: Buffer;
  end: string | null;
}

class StreamRelay implements AnswerStream {
  readonly #call: Call;
  readonly #parts: StreamParts;
  readonly #recorder = new StreamRecorder();
  readonly #spending: StreamSpending;
  #answered: Streamed;
  /** Set once another target goes on from what the first one left. */
  #continuation: Continuation | null = null;
  /** What was wrong with a frame, while the good ones before it are on their way. */
  #fault: unknown = null;
  #over = false;

  constructor(call: Call, answered: Streamed, parts: StreamParts) {
    this.#call = call;
    this.#answered = answered;
    this.#parts = parts;
    this.#spending = new StreamSpending(call, this.#recorder);
    this.#listen();
  }

  async pull(sink: AnswerSink): Promise<void> {
    for (;;) {
      try {
        const { opened } = this.#answered;
        if (this.#fault) throw this.#fault;
        const whole = opened.held.shift() ?? (await opened.next());
        const { passed, end } = whole === null ? this.#cutOff() : this.#take(whole);
        if (end !== null) return await this.#finished(sink, passed, end);
        if (passed.length > 0) return sink.enqueue(passed);
      } catch (error) {
        const broken = asStillhouseError(error);
        const failure = this.#isWhole(broken) ? await this.#endedWell(sink) : await this.#goOn(broken);
        if (failure) return this.#failed(sink, failure);
        if (this.#over) return;
      }
    }
  }

  async cancel(): Promise<void> {
    this.#answered.opened.close({ cut: true });
    this.#parts.signal.abort();
    await this.#finish(this.#parts.signal.reason);
  }

  /** What the target that answers now calls its model. */
  get #model(): string {
    return this.#continuation?.model ?? this.#recorder.model;
  }

  /** The caller's going away ends the provider's answer at once. */
  #listen(): void {
    const { signal } = this.#parts;
    const { signal: attempt } = this.#answered;
    signal.onAbort = () => attempt.abort(signal.reason);
    if (signal.aborted) attempt.abort(signal.reason);
  }

  /** Records the frames; the bytes are passed on as they are where nothing in them is to be changed. */
  #take(whole: Buffer): Taken {
    const { frames } = this.#parts;
    const { provider } = this.#answered.callable;
    const kept: string[] = [];
    let changed = frames.translates || this.#continuation !== null;
    for (const frame of framesOf(whole.toString())) {
      if (frame.isDone) return { passed: Buffer.from(kept.join('')), end: frames.translates ? frames.end() : frame.text };
      if (frame.data === '') {
        if (!frames.translates) kept.push(frame.text);
        continue;
      }
      let going: Record<string, unknown> | null;
      try {
        const chunk = chunkOf(frame, provider);
        if (hasToken(chunk)) this.#answered.opened.token();
        going = this.#continuation ? this.#continuation.take(chunk) : chunk;
      } catch (error) {
        this.#fault = error;
        return { passed: Buffer.from(kept.join('')), end: null };
      }
      if (going === null) continue;
      const extra = this.#recorder.take(going);
      if (extra && !this.#call.request.usageAsked) changed = true;
      else kept.push(frames.of(going, this.#continuation ? null : frame.text));
    }
    return { passed: changed ? Buffer.from(kept.join('')) : whole, end: null };
  }

  /** The provider closed the stream without `[DONE]`: whole where each choice has its finish reason. */
  #cutOff(): Taken {
    const { opened } = this.#answered;
    if (!this.#recorder.isFinished || opened.torn) throw opened.cut('before the answer was whole');
    return { passed: Buffer.alloc(0), end: this.#endWithoutMark };
  }

  /** What comes as it came has no end mark that its provider did not set. */
  get #endWithoutMark(): string {
    const { frames } = this.#parts;
    return frames.translates ? frames.end() : '';
  }

  /** Whether a stream broke off behind its answer: all of that is there, with its finish reasons, and what is lost is how it was counted. */
  #isWhole({ code }: StillhouseError): boolean {
    if (this.#over || (code !== 'upstream_reset' && code !== 'upstream_timeout') || this.#parts.signal.aborted) return false;
    const { n } = this.#call.request.body;
    return this.#recorder.isFinished && this.#recorder.choices >= (typeof n === 'number' ? n : 1);
  }

  /** What went wrong where it could not be recorded. */
  async #endedWell(sink: AnswerSink): Promise<StillhouseError | null> {
    this.#answered.opened.close({ cut: true });
    try {
      await this.#finished(sink, Buffer.alloc(0), this.#endWithoutMark);
      return null;
    } catch (error) {
      return asStillhouseError(error);
    }
  }

  /** Has another target go on from the text that the caller has; what went wrong where none can. */
  async #goOn(failure: StillhouseError): Promise<StillhouseError | null> {
    const { signal, asking, breakers, log } = this.#parts;
    const { attempt, opened, callable } = this.#answered;
    opened.close({ cut: true });
    this.#fault = null;
    if (signal.aborted) return signal.reason;
    attempt.error_class = failure.code;
    if (failure.retryable) breakers.failed(callable.target);
    if (failure.code === 'internal') log.error({ err: failure, trace: this.#call.id }, 'a stream failed inside the gateway');
    const { n } = this.#call.request.body;
    if (!failure.retryable || !this.#recorder.isPlainText || (typeof n === 'number' && n > 1)) return failure;
    // It may go on with its own answer, too, once it has had a moment.
    asking.failed(callable.target, { failure, waitMs: null });
    try {
      const next = await asking.next(this.#recorder.answerText);
      if (next.form !== 'stream') return failure;
      this.#spending.attemptEnded(this.#answered, this.#model);
      this.#continuation = new Continuation(this.#recorder);
      this.#answered = next;
      this.#listen();
      return null;
    } catch (error) {
      if (signal.aborted) return signal.reason;
      log.info({ trace: this.#call.id, reason: asStillhouseError(error).message }, 'no target could go on with a stream that broke off');
      return failure;
    }
  }

  async #finished(sink: AnswerSink, passed: Buffer, end: string): Promise<void> {
    const { opened, callable } = this.#answered;
    this.#parts.breakers.succeeded(callable.target);
    if (passed.length > 0) sink.enqueue(passed);
    await this.#finish(null);
    if (end !== '') sink.enqueue(Buffer.from(end));
    sink.close();
    opened.close({ cut: false });
  }

  /** An error in a stream that has begun is a frame of its own, and no end mark follows. */
  async #failed(sink: AnswerSink, failure: StillhouseError): Promise<void> {
    const recorded = await this.#finish(failure).then(
      () => failure,
      (unrecorded: unknown) => asStillhouseError(unrecorded),
    );
    try {
      sink.enqueue(Buffer.from(this.#parts.frames.fail(recorded)));
      sink.close();
    } catch {
      // The caller is gone: nobody is left to be told.
    }
  }

  async #finish(failure: StillhouseError | null): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#parts.left();
    if (failure) this.#answered.attempt.error_class = failure.code;
    await recordCall(this.#call, this.#spending.outcome(this.#answered, this.#model, failure), this.#parts.recording);
  }
}
