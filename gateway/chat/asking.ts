import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import { NO_USAGE } from '../providers/provider.ts';
import type { CircuitBreakers } from '../routing/circuit-breaker.ts';
import { mayRetry, retryAfterMs, type RetryPolicy } from '../routing/retry.ts';
import {
  allFailing,
  chargeEstimate,
  heardAnswer,
  heardNothing,
  isBeyondTarget,
  isOfTarget,
  unansweredUsd,
  UNKNOWN_COST,
  unknownTarget,
} from './attempt-outcome.ts';
import { classOfStatus, type Call, isRetryableStatus } from './call.ts';
import { estimatePrompt } from './completion-facts.ts';
import { continuedRequest } from './continued-request.ts';
import { Contender, firstOf } from './hedge.ts';
import type { Answered, Failed } from './answered.ts';
import { newAttempt } from './new-attempt.ts';
import { asStillhouseError } from './openai-error.ts';
import { openStream } from './open-stream.ts';
import { streamedWhole } from './streamed-whole.ts';
import { TargetRow } from './target-row.ts';

/** What asking works with. */
export interface AskingParts {
  catalogue: Catalogue;
  breakers: CircuitBreakers;
  retry: RetryPolicy;
  /** Milliseconds since 1970. */
  now: () => number;
  random: () => number;
}

/**
 * Asks a call's targets: each once in order, and the whole row again, after a wait, while that can help. Every attempt is
 * noted in the call. A provider's own error comes back as its answer where nobody did better; what gave none throws.
 */
export class Asking {
  readonly #call: Call;
  readonly #parts: AskingParts;
  readonly #snapshot: RegistrySnapshot;
  readonly #signal: CancelSignal;
  readonly #row: TargetRow;

  constructor(call: Call, snapshot: RegistrySnapshot, signal: CancelSignal, parts: AskingParts) {
    this.#call = call;
    this.#snapshot = snapshot;
    this.#signal = signal;
    this.#parts = parts;
    this.#row = new TargetRow(call.route.targets, parts);
  }

  /**
   * The next answer. With `prefix`, what the caller has got already: only of targets that go on from there, and a
   * provider's error is no answer then.
   */
  async next(prefix = ''): Promise<Answered> {
    const mayTake = (target: string) => prefix === '' || this.#parts.catalogue.find(target)?.provider.continuesPrefix === true;
    let best: Failed | null = null;
    for (;;) {
      const target = this.#row.next(mayTake);
      if (target === null) {
        if (await this.#waited(mayTake)) continue;
        return this.#given(best, prefix);
      }
      const { hedgeAfterMs } = this.#call.route;
      const hedges = hedgeAfterMs !== undefined && prefix === '';
      const result = hedges ? await this.#hedged(target, hedgeAfterMs) : await this.#attempt(target, prefix);
      if ('form' in result) return result;
      if (!hedges) this.failed(target, result);
      if (this.#signal.aborted) throw this.#signal.reason;
      if (result.endsCall && best === null && prefix === '') return this.#given(result, prefix);
      // What may be mended in a moment is said before what is not, and what lies with the request last.
      if (best === null || result.failure.retryable || !(best.failure.retryable || result.isOfRequest)) best = result;
    }
  }

  /** What a failure means for another round. */
  failed(target: string, { failure, waitMs }: Pick<Failed, 'failure' | 'waitMs'>): void {
    this.#row.failed(target, mayRetry(failure) ? (waitMs ?? 0) : null);
  }

  /** What is said where nobody answered. */
  #given(best: Failed | null, prefix: string): Answered {
    if (best === null) throw this.#nobody(prefix);
    // Who may be able to do it is not asked for the moment: the request is not to blame.
    const { passedOver } = this.#row;
    if (best.isOfRequest && !best.endsCall && passedOver.size > 0 && prefix === '') throw allFailing(this.#parts.breakers, [...passedOver]);
    // The trace's own target is that of the last attempt.
    moveToEnd(this.#call.attempts, best.attempt);
    if (!best.answered || prefix !== '') throw best.failure;
    return best.answered;
  }

  /** Asks the next target as well where this one takes longer than `afterMs`; who answers first is taken, the other cancelled. */
  async #hedged(target: string, afterMs: number): Promise<Answered | Failed> {
    const began = performance.now();
    const { waitedMs } = this.#call;
    const contend = (who: string) => new Contender(who, (attempt, signal) => this.#attempt(who, '', { attempt, signal }));
    const contenders = [contend(target)];
    try {
      if ((await contenders[0]!.within(afterMs)) === null) {
        const next = this.#row.next(() => true);
        if (next !== null) contenders.push(contend(next));
        this.#signal.onAbort = () => contenders.forEach((one) => one.signal.abort(this.#signal.reason));
      }
      const result = await firstOf(contenders);
      const lost = contenders.filter((one) => one.isCancelled);
      for (const { attempt } of lost) this.#charge(attempt);
      for (const { target: who, failed } of contenders) if (failed) this.failed(who, failed);
      // The trace's own target is that of the last attempt.
      if ('form' in result) moveToEnd(this.#call.attempts, result.attempt);
      return result;
    } finally {
      // Both were waited for at once.
      this.#call.waitedMs = waitedMs + performance.now() - began;
    }
  }

  /** Who is cancelled may charge for what it has read. */
  #charge(attempt: AttemptRow): void {
    const usage = { ...NO_USAGE, tokensIn: estimatePrompt(this.#call.request) };
    this.#call.lostUsd += chargeEstimate(attempt, usage, { catalogue: this.#parts.catalogue, body: this.#call.request.body }) ?? 0;
  }

  /** Waits for another round; false where none would help. */
  async #waited(mayTake: (target: string) => boolean): Promise<boolean> {
    const waitMs = this.#row.again(mayTake);
    if (waitMs === null) return false;
    const began = performance.now();
    await pause(waitMs, this.#signal);
    this.#call.waitedMs += performance.now() - began;
    return true;
  }

  /** No target was asked, for none could be. */
  #nobody(prefix: string): StillhouseError {
    if (prefix !== '') return new StillhouseError('unavailable', 'No other target can go on from the middle of an answer');
    return allFailing(this.#parts.breakers, this.#call.route.targets);
  }

  async #attempt(
    target: string,
    prefix: string,
    { attempt, signal } = { attempt: newAttempt(target), signal: new CancelSignal() },
  ): Promise<Answered | Failed> {
    this.#call.attempts.push(attempt);
    const began = performance.now();
    try {
      const answered = await this.#ask(target, attempt, signal, prefix);
      this.#waitedFor(attempt, began);
      const { status, headers } = answered.answer;
      if (status < 400) {
        if (answered.form === 'stream') this.#parts.breakers.began(target);
        else this.#parts.breakers.succeeded(target);
        return answered;
      }
      const retryable = heardAnswer(this.#parts.breakers, target, answered.answer);
      const failure = new StillhouseError(classOfStatus(status), `Provider "${answered.callable.provider.id}" answered ${status}`, {
        retryable,
      });
      const isOfRequest = !isRetryableStatus(status) && !isOfTarget(status);
      // The application still asks what it asked before its alias moved to a student: whoever answered then is asked on.
      const mayGoOn =
        answered.callable.provider.id === 'student' || (answered.form === 'whole' && isBeyondTarget(status, answered.answer.text));
      const endsCall = isOfRequest && !mayGoOn;
      return { failure, attempt, answered, waitMs: retryAfterMs(headers, this.#parts.now()), isOfRequest, endsCall };
    } catch (error) {
      return this.#failed(target, attempt, asStillhouseError(error), began);
    }
  }

  #waitedFor(attempt: AttemptRow, began: number): void {
    const ms = performance.now() - began;
    attempt.latency_ms = Math.round(ms);
    this.#call.waitedMs += ms;
  }

  #failed(target: string, attempt: AttemptRow, failure: StillhouseError, began: number): Failed {
    this.#waitedFor(attempt, began);
    attempt.error_class = failure.code;
    if (UNKNOWN_COST.has(failure.code)) this.#call.unsureUsd += unansweredUsd(target, this.#call.request, this.#parts.catalogue);
    heardNothing(this.#parts.breakers, target, failure);
    // Nothing was sent: what this target can't do, another may.
    const isOfRequest = failure.code === 'invalid_request';
    if (!isOfRequest && !mayFallBack(failure)) throw failure;
    return { failure, attempt, answered: null, waitMs: null, isOfRequest, endsCall: false };
  }

  async #ask(target: string, attempt: AttemptRow, signal: CancelSignal, prefix: string): Promise<Answered> {
    const beganMs = performance.now();
    const callable = this.#parts.catalogue.find(target);
    if (!callable) throw unknownTarget(target);
    if (this.#signal.aborted) throw this.#signal.reason;
    this.#signal.onAbort = () => signal.abort(this.#signal.reason);
    const { provider, model } = callable;
    const totalMs = provider.timeouts?.totalMs;
    const timer = totalMs === undefined ? null : setTimeout(() => signal.abort(tooLong(provider.id, totalMs)), totalMs).unref();
    let goesOn = false;
    try {
      const { kind } = this.#call;
      const request = prefix === '' ? this.#call.request : continuedRequest(this.#call.request, prefix);
      const asked = { model, request, snapshot: this.#snapshot, signal, lenient: request.lenient, prefix };
      const answer = await kind.perform(provider, { ...asked, byAlias: this.#call.route.alias !== '' });
      attempt.status = answer.status;
      if (answer.status >= 400) attempt.error_class = classOfStatus(answer.status);
      const facts = answer.form === 'whole' && answer.status < 400 ? kind.factsOf(answer.text) : null;
      if (answer.form === 'whole' && answer.status < 400 && !facts) throw notCompletion(provider.id, answer.status, answer.text);
      if (answer.form === 'whole' && !(facts && kind.name === 'chat' && request.stream))
        return { form: 'whole', callable, attempt, signal, answer, facts };
      const streamed = answer.form === 'stream' ? answer : streamedWhole(answer);
      const opened = await openStream(streamed, provider, signal);
      goesOn = true;
      if (timer) opened.onClose = () => clearTimeout(timer);
      return { form: 'stream', callable, attempt, signal, answer: streamed, opened, beganMs };
    } finally {
      if (timer && !goesOn) clearTimeout(timer);
    }
  }
}

/** Waits; rejects with the signal's reason once that fires. */
export async function pause(ms: number, signal: CancelSignal): Promise<void> {
  const waiting = new AbortController();
  signal.onAbort = () => waiting.abort();
  try {
    await delay(ms, undefined, { signal: waiting.signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw error;
  }
}

/** What lies with one target (its network, key, artifact) and not with the request or the caller. */
const OF_TARGET = new Set<ErrorCode>([
  'unavailable',
  'upstream_unreachable',
  'provider_key_missing',
  'artifact_missing',
  'artifact_corrupt',
]);

/** Whether another target can mend it. */
export function mayFallBack(failure: StillhouseError): boolean {
  return failure.retryable || OF_TARGET.has(failure.code);
}

function tooLong(provider: string, ms: number): StillhouseError {
  return new StillhouseError('upstream_timeout', `Provider "${provider}" took longer than ${ms} ms in all (timeouts.totalMs)`);
}

/** Some providers say 200 and then, in the body, that it was an error. */
function notCompletion(provider: string, status: number, text: string): StillhouseError {
  const said = /"message"\s*:\s*"((?:[^"\\]|\\.){1,300})"/.exec(text.slice(0, 4000))?.[1];
  const what = said === undefined ? 'something that is not a completion' : `an error: ${said}`;
  return new StillhouseError('upstream_invalid', `Provider "${provider}" answered ${status} with ${what}`);
}

function moveToEnd<T>(all: T[], one: T): void {
  all.splice(all.indexOf(one), 1);
  all.push(one);
}
