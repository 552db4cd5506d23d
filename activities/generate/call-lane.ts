import { setTimeout as wait } from 'node:timers/promises';
import type OpenAI from 'openai';
import type { Candidate } from '../../contracts/candidates.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import type { CandidateJournal } from './candidate-journal.ts';
import type { SpendGuard } from './spend-guard.ts';
import { type TeacherAnswer, type TeacherCall, askTeacher } from './teacher-call.ts';

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
  const { guard, stop } = deps;
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
    // Calls end below their worst case: where others are in flight, the cap may hold one more soon.
    while (!guard.reserve(next.worstUsd) && !result.capReached) {
      if (limit.inFlight === 1) result.capReached = true;
      else await limit.changed();
    }
    if (result.capReached) {
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

async function runOne(deps: LaneDeps, limit: AdaptiveLimit, next: LaneCall, result: LaneResult): Promise<void> {
  let costUsd = 0;
  try {
    const answer = await insist(deps, limit, next.call);
    if (!answer) {
      if (!deps.stop.aborted) result.lost++;
      return;
    }
    costUsd = answer.costUsd;
    await deps.journal.append(next.toCandidate(answer), deps.abandon);
    result.journalled++;
    deps.moved();
  } finally {
    deps.guard.settle(next.worstUsd, costUsd);
  }
}

/** Asks until there is an answer, the attempts are used up, or a stop is asked for (null). */
async function insist(deps: LaneDeps, limit: AdaptiveLimit, call: TeacherCall): Promise<TeacherAnswer | null> {
  let provider = 0;
  let network = 0;
  while (!deps.stop.aborted) {
    const outcome = await askTeacher(deps.client, call, deps.abandon);
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
    if (provider >= PROVIDER_ATTEMPTS) return null;
    const backoffMs = Math.min(LONGEST_WAIT_MS, 150 * 2 ** (provider + network)) * (0.5 + Math.random() / 2);
    await wait(Math.max(outcome.retryAfterMs, backoffMs), undefined, { signal: deps.stop }).catch(() => undefined);
  }
  return null;
}
