import type { Readable } from 'node:stream';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import { upstreamError } from '../providers/upstream-error.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { ProviderAnswer, Usage } from '../providers/provider.ts';
import type { Tracer } from '../tracing/tracer.ts';
import { answerHeaders } from './answer-headers.ts';
import { answerPrice } from './answer-price.ts';
import type { Answered } from './attempts.ts';
import { NO_USAGE, rowOf, type Call, type Outcome } from './call.ts';
import { estimateTokens } from './completion-facts.ts';
import { asStillhouseError, openAIError, statusOf } from './openai-error.ts';
import { framesOf, FrameSplitter } from './stream-frames.ts';
import { StreamRecorder } from './stream-recorder.ts';

interface StreamParts {
  tracer: Tracer;
  signal: CancelSignal;
  /** Called once when the stream is over, however it ended. */
  left: () => void;
  log: Logger;
}

/**
 * Passes a stream on, frame by frame and as fast as the caller reads. The frame that ends it is held back until the
 * trace is written.
 */
export function streamAnswer(call: Call, answered: Answered, parts: StreamParts): Response {
  if (answered.answer.form !== 'stream') throw new Error('a whole answer is not a stream');
  const relay = new StreamRelay(call, answered, answered.answer, parts);
  const body = new ReadableStream<Uint8Array>(
    { pull: (controller) => relay.pull(controller), cancel: () => relay.cancel() },
    // Nothing is read ahead: the caller's pace is the provider's.
    { highWaterMark: 0 },
  );
  return new Response(body, { status: answered.answer.status, headers: { ...answered.answer.headers, ...answerHeaders(call) } });
}

class StreamRelay {
  readonly #call: Call;
  readonly #answered: Answered;
  readonly #body: Readable;
  readonly #parts: StreamParts;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #splitter = new FrameSplitter();
  readonly #recorder = new StreamRecorder();
  #over = false;

  constructor(call: Call, answered: Answered, answer: Extract<ProviderAnswer, { form: 'stream' }>, parts: StreamParts) {
    this.#call = call;
    this.#answered = answered;
    this.#body = answer.body;
    this.#parts = parts;
    this.#chunks = answer.body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      for (;;) {
        const next = await this.#chunks.next();
        if (next.done) return await this.#ended(controller);
        const whole = this.#splitter.push(next.value);
        if (whole === null) continue;
        const { passed, done } = this.#take(whole);
        if (done !== null) {
          if (passed.length > 0) controller.enqueue(passed);
          await this.#finish(this.#providersError());
          controller.enqueue(Buffer.from(done));
          controller.close();
          // To its end, so that the connection can serve the next call.
          this.#body.on('error', () => undefined).resume();
          return;
        }
        if (passed.length > 0) return controller.enqueue(passed);
      }
    } catch (error) {
      await this.#failed(controller, upstreamError(error, this.#answered.callable.provider.id));
    }
  }

  async cancel(): Promise<void> {
    this.#body.on('error', () => undefined).destroy();
    await this.#finish(new StillhouseError('cancelled', 'The caller went away'));
  }

  /** Records the frames; the bytes are passed on as they are, but for the usage that only we asked for. */
  #take(whole: Buffer): { passed: Buffer; done: string | null } {
    const kept: string[] = [];
    let dropped = false;
    for (const frame of framesOf(whole.toString())) {
      if (frame.isDone) return { passed: Buffer.from(kept.join('')), done: frame.text };
      const extra = frame.data !== '' && this.#recorder.take(frame.data);
      if (extra && !this.#call.request.usageAsked) dropped = true;
      else kept.push(frame.text);
    }
    return { passed: dropped ? Buffer.from(kept.join('')) : whole, done: null };
  }

  /** The provider closed the stream without `[DONE]`: whole where a finish reason came, else cut off. */
  async #ended(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const said = this.#providersError();
    if (said) return this.#failed(controller, said);
    const whole = this.#recorder.finishReason !== '' && this.#splitter.rest() === null;
    if (!whole) {
      const provider = this.#answered.callable.provider.id;
      return this.#failed(
        controller,
        new StillhouseError('upstream_reset', `Provider "${provider}" ended the stream before the answer was whole`),
      );
    }
    await this.#finish(null);
    controller.close();
  }

  /**
   * An error in a stream that has begun is a frame of its own, and no `[DONE]` follows. Where the provider has sent such
   * a frame, the caller knows, and how the stream ended then says less than the provider did.
   */
  async #failed(controller: ReadableStreamDefaultController<Uint8Array>, error: StillhouseError): Promise<void> {
    this.#body.on('error', () => undefined).destroy();
    if (error.code === 'internal') this.#parts.log.error({ err: error, trace: this.#call.id }, 'a stream failed inside the gateway');
    const said = this.#providersError();
    const failure = this.#parts.signal.aborted ? new StillhouseError('cancelled', 'The caller went away') : (said ?? error);
    const recorded = await this.#finish(failure).then(
      () => failure,
      (unrecorded: unknown) => asStillhouseError(unrecorded),
    );
    try {
      if (recorded !== said) controller.enqueue(Buffer.from(`data: ${JSON.stringify(openAIError(recorded))}\n\n`));
      controller.close();
    } catch {
      // The caller is gone: nobody is left to be told.
    }
  }

  /** What the provider itself said in the stream; null where it reported no error. */
  #providersError(): StillhouseError | null {
    return this.#recorder.error === null ? null : new StillhouseError('upstream_invalid', this.#recorder.error);
  }

  async #finish(failure: StillhouseError | null): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    this.#parts.left();
    await this.#parts.tracer.end(rowOf(this.#call, this.#outcome(failure)));
  }

  #outcome(failure: StillhouseError | null): Outcome {
    const { attempt, answer } = this.#answered;
    const recorder = this.#recorder;
    const usage = recorder.usage ?? this.#estimate();
    // Read at the end: a student's price is known no earlier.
    const costUsd = answerPrice(this.#answered, usage);
    attempt.latency_ms = Math.round(performance.now() - this.#call.beganMs);
    attempt.tokens_in = usage.tokensIn;
    attempt.tokens_out = usage.tokensOut;
    attempt.cost_usd = costUsd;
    if (failure) attempt.error_class = failure.code;
    return {
      status: failure === null ? 'ok' : failure.code === 'cancelled' ? 'cancelled' : 'error',
      httpStatus: failure === null ? answer.status : statusOf(failure),
      errorClass: failure?.code ?? '',
      errorMessage: failure?.message ?? '',
      modelAnswered: recorder.model,
      response: recorder.completion(),
      answerText: recorder.answerText,
      finishReason: recorder.finishReason,
      usage,
      costUsd,
      firstTokenMs: recorder.firstTokenAt === null ? 0 : recorder.firstTokenAt - this.#call.beganMs,
    };
  }

  /** Where no usage came, or not yet: what was asked and answered is paid for all the same. */
  #estimate(): Usage {
    return { ...NO_USAGE, tokensIn: estimateTokens(this.#call.request.text), tokensOut: estimateTokens(this.#recorder.answerText) };
  }
}
