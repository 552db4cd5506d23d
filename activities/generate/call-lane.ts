import { setTimeout as wait } from 'node:timers/promises';
import type OpenAI from 'openai';
import type { Candidate } from '../../contracts/candidates.ts';
import { StillhouseError, isStillhouseError } from '../../contracts/errors.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import type { CandidateJournal } from './candidate-journal.ts';
import type { SpendGuard } from './spend-guard.ts';
import { type CallOutcome, type TeacherAnswer, type TeacherCall, askTeacher } from './teacher-call.ts';

/** Attempts of one call against a provider that fails; then the sample is left out and counted. */
const PROVIDER_ATTEMPTS = 8;
/** Attempts while the gateway is not there: about five minutes. */
const NETWORK_ATTEMPTS = 65;
const LONGEST_WAIT_MS = 5_000;
/** More samples lost than this share, or this many where that is more, and the teacher is not there. */
const LOST_SHARE = 0.05;
const LOST_ALWAYS_ALLOWED = 5;

/** One sample to be had. */
export interface LaneCall {
  call: TeacherCall;
  worstUsd: number;
  toCandidate: (answer: TeacherAnswer) => Candidate;
}

/** What the lane works with. */
export interface LaneDeps {
  client: OpenAI;
  journal: CandidateJournal;
  guard: SpendGuard;
  /** Calls in flight at most. */
  most: number;
  /** Aborted: no new call begins. */
  stop: AbortSignal;
  /** Aborted: calls in flight are given up. */
  abandon: AbortSignal;
  /** Told after every journalled answer. */
  moved: () => void;
}

/** What a lane's calls came to. */
export interface LaneResult {
  journalled: number;
  /** Samples that the provider failed to give. */
  lost: number;
  /** The cap let no further call begin. */
  capReached: boolean;
}

/**
 * Runs calls with an adaptive number in flight. A place is free again only when its answer is journalled, and a call
 * begins only where the cap holds its worst case beside that of all others in flight.
 */
export async function runCalls(deps: LaneDeps, calls: readonly LaneCall[]): Promise<LaneResult> {
  const { stop } = deps;
  const limit = new AdaptiveLimit(deps.most);
  const result: LaneResult = { journalled: 0, lost: 0, capReached: false };
  const running = new Set<Promise<void>>();
  let failure: unknown = null;
  for (const next of calls) {
    await limit.enter();
    if (stop.aborted || failure) {
      limit.leave();
      break;
    }
    if (!(await reserved(deps, limit, next.worstUsd, result))) {
      limit.leave();
      break;
    }
    const one = runOne(deps, limit, next, result)
      .catch((error: unknown) => void (failure ??= error))
      .finally(() => {
        running.delete(one);
        limit.leave();
      });
    running.add(one);
  }
  await Promise.all(running);
  if (failure) throw failure;
  if (result.lost > Math.max(LOST_ALWAYS_ALLOWED, calls.length * LOST_SHARE))
    throw new StillhouseError(
      'unavailable',
      `${result.lost} of ${calls.length} samples failed ${PROVIDER_ATTEMPTS} times each: the teacher is not there.`,
    );
  return result;
}

/** Whether the cap holds an attempt's worst case; waits where it may soon. Not after a stop. */
async function reserved({ guard, stop }: LaneDeps, limit: AdaptiveLimit, worstUsd: number, result: LaneResult): Promise<boolean> {
  while (!stop.aborted) {
    if (guard.reserve(worstUsd)) return true;
    // Calls end below their worst case: where others are in flight, the cap may hold one more soon.
    if (guard.isIdle) result.capReached = true;
    if (result.capReached) return false;
    await limit.changed();
  }
  return false;
}

/** Has one sample, journalled; its first attempt is reserved already. */
async function runOne(deps: LaneDeps, limit: AdaptiveLimit, next: LaneCall, result: LaneResult): Promise<void> {
  const answer = await insist(deps, limit, next, result);
  if (answer === 'lost') result.lost++;
  if (answer === null || answer === 'lost') return;
  try {
    await deps.journal.append(next.toCandidate(answer), deps.abandon);
  } finally {
    deps.guard.settle(next.worstUsd, answer.costUsd);
  }
  result.journalled++;
  deps.moved();
}

/**
 * Asks until there is an answer, whose reservation is then still held, the attempts are used up, or the cap or a stop ends
 * it (null). Every attempt is reserved for itself, for each may be charged.
 */
async function insist(deps: LaneDeps, limit: AdaptiveLimit, next: LaneCall, result: LaneResult): Promise<TeacherAnswer | 'lost' | null> {
  let provider = 0;
  let network = 0;
  do {
    const outcome = await attempt(deps, next);
    if (outcome.kind === 'answered') {
      limit.succeeded();
      return outcome.answer;
    }
    if (outcome.overloaded) limit.overloaded(performance.now());
    // Being told to wait is no failure of the call; it is bounded like an absent gateway.
    if (outcome.network || outcome.overloaded) network++;
    else provider++;
    // The gateway answers: something has moved, though no answer came.
    if (!outcome.network) deps.moved();
    if (network >= NETWORK_ATTEMPTS)
      throw new StillhouseError('unavailable', `${NETWORK_ATTEMPTS} attempts of one call failed: ${outcome.reason}.`);
    if (provider >= PROVIDER_ATTEMPTS) return 'lost';
    const backoffMs = Math.min(LONGEST_WAIT_MS, 150 * 2 ** (provider + network)) * (0.5 + Math.random() / 2);
    await wait(Math.max(outcome.retryAfterMs, backoffMs), undefined, { signal: deps.stop }).catch(() => undefined);
  } while (await reserved(deps, limit, next.worstUsd, result));
  return null;
}

/** Asks once and settles the reservation, unless there is an answer to be journalled first. */
async function attempt({ client, guard, abandon }: LaneDeps, { call, worstUsd }: LaneCall): Promise<CallOutcome> {
  try {
    const outcome = await askTeacher(client, call, abandon);
    if (outcome.kind === 'again') guard.settle(worstUsd, outcome.isCostKnown ? 0 : null);
    return outcome;
  } catch (error) {
    // A refusal costs nothing; of a call that was given up nobody knows.
    guard.settle(worstUsd, isStillhouseError(error) ? 0 : null);
    throw error;
  }
}
