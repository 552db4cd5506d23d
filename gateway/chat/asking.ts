import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import { splitTarget } from '../../contracts/identifiers.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import type { Callable, Catalogue } from '../providers/catalogue.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import type { ProviderAnswer } from '../providers/provider.ts';
import type { CircuitBreakers } from '../routing/circuit-breaker.ts';
import { mayRetry, retryAfterMs, type RetryPolicy, waitBefore } from '../routing/retry.ts';
import { classOfStatus, isRetryableStatus, type Call } from './call.ts';
import type { CompletionFacts } from './completion-facts.ts';
import { asStillhouseError } from './openai-error.ts';
import { openStream, type OpenedStream } from './open-stream.ts';

/** The answer that a call gets, good or bad, and who gave it. */
export type Answered = { callable: Callable; attempt: AttemptRow; signal: CancelSignal } & (
  | { form: 'whole'; answer: Extract<ProviderAnswer, { form: 'whole' }>; facts: CompletionFacts | null }
  | { form: 'stream'; answer: Extract<ProviderAnswer, { form: 'stream' }>; opened: OpenedStream }
);

/** What asking works with. */
export interface AskingParts {
  catalogue: Catalogue;
  breakers: CircuitBreakers;
  retry: RetryPolicy;
  /** Milliseconds since 1970. */
  now: () => number;
  random: () => number;
}

/** An attempt that failed so that another may do better: our error, or the provider's own answer. */
interface Failed {
  failure: StillhouseError;
  answered: Answered | null;
  waitMs: number | null;
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
  #round = 0;
  #at = 0;
  #retryable: string[] = [];
  #longestWaitMs: number | null = null;

  constructor(call: Call, snapshot: RegistrySnapshot, signal: CancelSignal, parts: AskingParts) {
    this.#call = call;
    this.#snapshot = snapshot;
    this.#signal = signal;
    this.#parts = parts;
  }

  /**
   * The next answer. With `prefix`, what the caller has got already: only of targets that go on from there, and a
   * provider's error is no answer then.
   */
  async next(prefix = ''): Promise<Answered> {
    let last: Failed | null = null;
    for (;;) {
      const target = this.#nextTarget(prefix);
      if (target === null) {
        if (await this.#waited()) continue;
        if (last?.answered && prefix === '') return last.answered;
        throw last?.failure ?? this.#nobody(prefix);
      }
      const result = await this.#attempt(target, prefix);
      if ('form' in result) return result;
      last = result;
      if (this.#signal.aborted) throw this.#signal.reason;
      if (mayRetry(result.failure)) this.#retryable.push(target);
      if (result.waitMs !== null) this.#longestWaitMs = Math.max(this.#longestWaitMs ?? 0, result.waitMs);
    }
  }

  /** The next one of this round that calls may go to; null at the round's end. */
  #nextTarget(prefix: string): string | null {
    const { targets } = this.#call.route;
    const { breakers, catalogue } = this.#parts;
    while (this.#at < targets.length) {
      const target = targets[this.#at++]!;
      if (prefix !== '' && !catalogue.find(target)?.provider.continuesPrefix) continue;
      if (breakers.enter(target)) return target;
    }
    return null;
  }

  /** Waits for another round; false where none would help. */
  async #waited(): Promise<boolean> {
    const { retry, random } = this.#parts;
    const again = this.#retryable.length > 0 && this.#round < retry.retries;
    const waitMs = again ? waitBefore(this.#round + 1, this.#longestWaitMs, retry, random) : null;
    if (waitMs === null) return false;
    this.#round++;
    this.#at = 0;
    this.#retryable = [];
    this.#longestWaitMs = null;
    const began = performance.now();
    await pause(waitMs, this.#signal);
    this.#call.waitedMs += performance.now() - began;
    return true;
  }

  /** No target was asked, for none could be. */
  #nobody(prefix: string): StillhouseError {
    if (prefix !== '') return new StillhouseError('unavailable', 'No other target can go on from the middle of an answer');
    const { targets } = this.#call.route;
    const waitMs = Math.min(...targets.map((target) => this.#parts.breakers.waitMs(target)));
    const message = `${targets.length === 1 ? `The target "${targets[0]}" has` : 'All targets have'} failed again and again: no call goes there for the moment`;
    return new StillhouseError('unavailable', message, { data: { retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)) } });
  }

  async #attempt(target: string, prefix: string): Promise<Answered | Failed> {
    const attempt = newAttempt(target);
    this.#call.attempts.push(attempt);
    const began = performance.now();
    const signal = new CancelSignal();
    try {
      const answered = await this.#ask(target, attempt, signal, prefix);
      this.#waitedFor(attempt, began);
      const { status, headers } = answered.answer;
      if (status < 400) {
        this.#parts.breakers.succeeded(target);
        return answered;
      }
      const retryable = isRetryableStatus(status) && headers['x-should-retry'] !== 'false';
      // What lies with the request, another target would say too; a rate limit says that the target is well.
      if (retryable && status !== 429) this.#parts.breakers.failed(target);
      else this.#parts.breakers.succeeded(target);
      if (!retryable && prefix === '') return answered;
      const failure = new StillhouseError(classOfStatus(status), `Provider "${answered.callable.provider.id}" answered ${status}`, {
        retryable,
      });
      return { failure, answered, waitMs: retryAfterMs(headers, this.#parts.now()) };
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
    if (failure.retryable) this.#parts.breakers.failed(target);
    else this.#parts.breakers.dropped(target);
    if (!mayFallBack(failure)) throw failure;
    return { failure, answered: null, waitMs: null };
  }

  async #ask(target: string, attempt: AttemptRow, signal: CancelSignal, prefix: string): Promise<Answered> {
    const callable = this.#parts.catalogue.find(target);
    if (!callable) {
      throw new StillhouseError('unavailable', `The target "${target}" is of no provider that this gateway knows`, { retryable: false });
    }
    if (this.#signal.aborted) throw this.#signal.reason;
    this.#signal.onAbort = () => signal.abort(this.#signal.reason);
    const { provider, model } = callable;
    const totalMs = provider.timeouts?.totalMs;
    const timer = totalMs === undefined ? null : setTimeout(() => signal.abort(tooLong(provider.id, totalMs)), totalMs).unref();
    let goesOn = false;
    try {
      const { request, kind } = this.#call;
      const answer = await kind.perform(provider, { model, request, snapshot: this.#snapshot, signal, lenient: request.lenient, prefix });
      attempt.status = answer.status;
      if (answer.status >= 400) attempt.error_class = classOfStatus(answer.status);
      if (answer.form === 'stream') {
        const opened = await openStream(answer, provider, signal);
        goesOn = true;
        if (timer) opened.onClose = () => clearTimeout(timer);
        return { form: 'stream', callable, attempt, signal, answer, opened };
      }
      const facts = answer.status < 400 ? kind.factsOf(answer.text) : null;
      if (answer.status < 400 && !facts) throw notCompletion(provider.id, answer.status, answer.text);
      return { form: 'whole', callable, attempt, signal, answer, facts };
    } finally {
      if (timer && !goesOn) clearTimeout(timer);
    }
  }
}

async function pause(ms: number, signal: CancelSignal): Promise<void> {
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
function mayFallBack(failure: StillhouseError): boolean {
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

function newAttempt(target: string): AttemptRow {
  const { provider, model } = splitTarget(target) ?? { provider: '', model: target };
  return { target, provider, model, status: 0, error_class: '', latency_ms: 0, tokens_in: 0, tokens_out: 0, cost_usd: null };
}
