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
/** Between attempts that the provider failed: at least a minute in all, so that its short outage costs no sample. */
const PROVIDER_PAUSE = { firstMs: 500, mostMs: 30_000 };
/** Between attempts while the gateway restarts or calls are throttled. */
const NETWORK_PAUSE = { firstMs: 150, mostMs: 5_000 };
/** More samples lost than this share, or this many where that is more, and the teacher is not there. */
const LOST_SHARE = 0.05;
const LOST_ALWAYS_ALLOWED = 5;
/** So many lost while not one call was answered tell the same, however many calls there are. */
const LOST_IN_SILENCE = 10;

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
  /** What a refusal of one call (it is too long, say) does; default: it fails the lane, for the others would meet it, too. */
  refusals?: 'fail' | 'lose';
  /** Told after every journalled answer. */
  moved: () => void;
  /** Resolves after `ms`, or when the signal is aborted. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** A lane that runs. */
interface Lane extends LaneDeps {
  limit: AdaptiveLimit;
  result: LaneResult;
  calls: number;
  /** Calls that were answered, journalled or not yet. */
  answered: number;
  /** Why the lane fails: no new attempt begins. */
  fail: (error: unknown) => void;
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
  const limit = new AdaptiveLimit(deps.most);
  const result: LaneResult = { journalled: 0, lost: 0, capReached: false };
  const failed = new AbortController();
  const stop = AbortSignal.any([deps.stop, failed.signal]);
  const lane: Lane = { ...deps, stop, limit, result, calls: calls.length, answered: 0, fail: (error) => failed.abort(error) };
  const running = new Set<Promise<void>>();
  for (const next of calls) {
    await limit.enter();
    if (stop.aborted || !(await reserved(lane, next.worstUsd))) {
      limit.leave();
      break;
    }
    const one = runOne(lane, next)
      .catch(lane.fail)
      .finally(() => {
        running.delete(one);
        limit.leave();
      });
    running.add(one);
  }
  await Promise.all(running);
  if (failed.signal.reason instanceof LostTeacher) throw failed.signal.reason.toError(lane);
  if (failed.signal.aborted) throw failed.signal.reason;
  return result;
}

/** Too many calls failed. Whether another attempt may help is known only once the calls in flight have ended. */
class LostTeacher {
  readonly what: string;
  readonly mayReturn: boolean;
  constructor(what: string, mayReturn: boolean) {
    this.what = what;
    this.mayReturn = mayReturn;
  }

  /** Final where not one call was answered: the next attempt would end like this one. */
  toError({ answered }: Lane): StillhouseError {
    const all = answered === 0 ? `${this.what} No call was answered.` : this.what;
    return new StillhouseError('unavailable', all, { retryable: this.mayReturn || answered > 0 });
  }
}

/** Whether the cap holds an attempt's worst case; waits where it may soon. Not after a stop. */
async function reserved({ guard, stop, limit, result }: Lane, worstUsd: number): Promise<boolean> {
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
async function runOne(lane: Lane, next: LaneCall): Promise<void> {
  const answer = await insist(lane, next).catch((error: unknown) => {
    if (lane.refusals !== 'lose' || !isOfOneCall(error)) throw error;
    lose(lane, next, error);
    return null;
  });
  if (answer === null) return;
  lane.answered++;
  try {
    await lane.journal.append(next.toCandidate(answer), lane.abandon);
  } finally {
    lane.guard.settle(next.worstUsd, answer.costUsd);
  }
  lane.result.journalled++;
  lane.moved();
}

/** Whether a refusal may be of what one call asks, and not of whoever asks. */
function isOfOneCall(error: unknown): boolean {
  return isStillhouseError(error, 'upstream_invalid') && [400, 413, 422].includes(error.data['status'] as number);
}

/**
 * Asks until there is an answer, whose reservation is then still held, or the attempts are used up, or the cap or a stop
 * ends it (null). Every attempt is reserved for itself, for each may be charged.
 */
async function insist(lane: Lane, next: LaneCall): Promise<TeacherAnswer | null> {
  const { limit } = lane;
  let provider = 0;
  let network = 0;
  do {
    const outcome = await attempt(lane, next);
    if (outcome.kind === 'answered') {
      limit.succeeded();
      return outcome.answer;
    }
    if (outcome.overloaded) limit.overloaded(performance.now());
    // Being told to wait is no failure of the call; it is bounded like an absent gateway.
    const isPatient = outcome.network || outcome.overloaded;
    if (isPatient) network++;
    else provider++;
    // The gateway answers: something has moved, though no answer came.
    if (!outcome.network) lane.moved();
    if (network >= NETWORK_ATTEMPTS)
      throw new LostTeacher(`${NETWORK_ATTEMPTS} attempts of one call failed, the last with: ${outcome.reason}.`, !outcome.isProviderDown);
    if (provider >= PROVIDER_ATTEMPTS) {
      lose(lane, next, outcome.reason);
      return null;
    }
    const { firstMs, mostMs } = isPatient ? NETWORK_PAUSE : PROVIDER_PAUSE;
    const backoffMs = Math.min(mostMs, firstMs * 2 ** (isPatient ? provider + network : provider)) * (0.75 + Math.random() / 4);
    await lane.pause(Math.max(outcome.retryAfterMs, backoffMs), lane.stop);
  } while (await reserved(lane, next.worstUsd));
  return null;
}

/** Counts a lost sample, and fails the lane once there are too many, with the refusal where it was one: what is not there is not asked for thousands of times. */
function lose(lane: Lane, { call }: LaneCall, reason: unknown): void {
  const { result, calls, answered } = lane;
  result.lost++;
  const isSilent = answered === 0 && result.lost >= LOST_IN_SILENCE;
  if (!isSilent && result.lost <= Math.max(LOST_ALWAYS_ALLOWED, calls * LOST_SHARE)) return;
  if (typeof reason !== 'string') return lane.fail(reason);
  const counted = `${result.lost} of ${calls} samples failed ${PROVIDER_ATTEMPTS} times each, the last with: ${reason}.`;
  lane.fail(new LostTeacher(`The teacher "${call.body.model}" is not there: ${counted}`, false));
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
