import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import { mayFallBack, pause } from '../chat/asking.ts';
import { allFailing, heardAnswer, heardNothing, isOfTarget, unknownTarget } from '../chat/attempt-outcome.ts';
import { classOfStatus } from '../chat/call.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import { newAttempt } from '../chat/new-attempt.ts';
import { asStillhouseError } from '../chat/openai-error.ts';
import { TargetRow } from '../chat/target-row.ts';
import type { Callable } from '../providers/catalogue.ts';
import { mayRetry, retryAfterMs } from '../routing/retry.ts';
import type { Asked, PassedCall, Passing } from './passing.ts';

/** What came of asking one target. */
type Attempted = ({ asked: Asked } | { failure: StillhouseError }) & {
  /** Another target may do better. */
  mayFallBack: boolean;
  /** The same one may, a moment later. */
  mayRetry: boolean;
  /** The provider asks for so long a wait. */
  waitMs: number | null;
};

/** After these a provider has surely done nothing: it was not reached, or turned the call away. */
const UNSENT = new Set<ErrorCode>(['upstream_unreachable', 'provider_key_missing', 'rate_limited']);
/** With a `Retry-After`, that is: without one it may have broken in the middle. */
const OVERLOADED = 503;

/**
 * Asks a call's targets in order, and the whole row again after a wait, while that may do better and the body is there to be sent again.
 * What the last one said counts, and of what can't be mended only where nobody said anything else. Every attempt is noted in the call.
 */
export async function askTargets(plane: DataPlane, call: PassedCall, passing: Passing): Promise<Asked> {
  const row = new TargetRow(call.route.targets, plane);
  let best: Attempted | null = null;
  for (;;) {
    const target = row.next(anyone);
    if (target !== null) {
      const last = await attempted(plane, call, passing, target);
      const isBetter = best === null || last.mayRetry || !best.mayRetry || !last.mayFallBack;
      const other = isBetter ? best : last;
      if (other) discard(other);
      if (isBetter) best = last;
      if (!last.mayFallBack) return answerOf(last);
      row.failed(target, last.mayRetry ? (last.waitMs ?? 0) : null);
      continue;
    }
    if (!best) throw allFailing(plane.breakers, call.route.targets);
    const waitMs = row.again(anyone);
    if (waitMs === null) return answerOf(best);
    const began = performance.now();
    try {
      await pause(waitMs, passing.signal);
    } catch (error) {
      discard(best);
      throw error;
    }
    call.waitedMs += performance.now() - began;
  }
}

const anyone = () => true;

function answerOf(last: Attempted): Asked {
  if ('asked' in last) return last.asked;
  throw last.failure;
}

function discard(last: Attempted): void {
  if ('asked' in last) last.asked.answer.body.on('error', () => undefined).destroy();
}

async function attempted(
  { catalogue, breakers, now }: DataPlane,
  call: PassedCall,
  { request, signal, again, isUntouched = () => true }: Passing,
  target: string,
): Promise<Attempted> {
  const attempt = newAttempt(target);
  call.attempts.push(attempt);
  const began = performance.now();
  const may = (better: boolean, unsent: boolean) => better && (again === 'always' || (again === 'unsent' && unsent)) && isUntouched();
  try {
    const callable = callableOf(catalogue.find(target), target);
    const answer = await callable.provider.passOn!({ ...request(callable.model), signal });
    attempt.status = answer.status;
    if (answer.status >= 400) attempt.error_class = classOfStatus(answer.status);
    const waitMs = retryAfterMs(answer.headers, now());
    const { status } = answer;
    const turnedAway = isOfTarget(status) || (status === OVERLOADED && waitMs !== null) || UNSENT.has(attempt.error_class as ErrorCode);
    const better = may(heardAnswer(breakers, target, answer), turnedAway);
    return { asked: { answer, callable, attempt }, mayFallBack: better || may(isOfTarget(status), turnedAway), mayRetry: better, waitMs };
  } catch (error) {
    const failure = asStillhouseError(error);
    attempt.error_class = failure.code;
    heardNothing(breakers, target, failure);
    const unsent = UNSENT.has(failure.code);
    // One that has another API is not asked, and the next one may have this.
    const refuses = failure.code === 'invalid_request' && isUntouched();
    return { failure, mayFallBack: refuses || may(mayFallBack(failure), unsent), mayRetry: may(mayRetry(failure), unsent), waitMs: null };
  } finally {
    const ms = performance.now() - began;
    attempt.latency_ms = Math.round(ms);
    call.waitedMs += ms;
  }
}

function callableOf(callable: Callable | null, target: string): Callable {
  if (callable?.provider.passOn) return callable;
  if (!callable) throw unknownTarget(target);
  const message = `Provider "${callable.provider.id}" does not speak OpenAI's API, and so can't be asked for this`;
  throw new StillhouseError('invalid_request', message, { param: 'model' });
}
