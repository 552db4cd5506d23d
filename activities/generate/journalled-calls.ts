import { setTimeout as wait } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { appendCandidates } from '../../store/clickhouse/candidates.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';
import type { RunIdentity } from '../distil/run-plan.ts';
import { type LaneCall, type LaneDeps, type LaneResult, runCalls } from './call-lane.ts';
import { CandidateJournal } from './candidate-journal.ts';
import { abandonAfter, lastAnswersMs } from './last-answers.ts';
import { SpendGuard } from './spend-guard.ts';
import { spentSoFar } from './spent-so-far.ts';
import { CALL_TIMEOUT_MS, LONGEST_RETRY_AFTER_MS, gatewayClient } from './teacher-call.ts';

/** Nothing has come for so long and an activity of calls begins again: longer than a call and the wait before it may take. */
export const CALLS_STALL_MS = CALL_TIMEOUT_MS + LONGEST_RETRY_AFTER_MS + 60_000;

/** For which run calls are made, and within what. */
export interface CallingRun {
  /** Under which the calls' spend is found. */
  run: RunIdentity;
  /** What the run may have spent once these calls have ended, in US dollars. */
  capUsd: number;
  /** Calls in flight at most: what a kill can lose. */
  most: number;
  /** As of a lane. */
  refusals?: LaneDeps['refusals'];
  signal: AbortSignal;
  moved: () => void;
}

/** What journalled calls work with. */
export interface JournalledDeps {
  clickhouse: ClickHouseClient;
  gateway: GatewayAccess;
  /** Resolves after `ms`, or when the signal is aborted; default: by the clock. */
  pause?: LaneDeps['pause'];
}

const byTheClock: LaneDeps['pause'] = (ms, stop) => wait(ms, undefined, { signal: stop }).catch(() => undefined);

/**
 * Makes calls by way of the journal, from within an activity: every answer is in ClickHouse before its place is free. Where the
 * activity is to end, calls in flight may still be answered.
 */
export async function runJournalledCalls(
  { clickhouse, gateway, pause = byTheClock }: JournalledDeps,
  { run, capUsd, most, refusals = 'fail', signal, moved }: CallingRun,
  calls: readonly LaneCall[],
): Promise<LaneResult & { spentUsd: number }> {
  const { usd, unpriced } = await spentSoFar(clickhouse, run);
  const worstUsd = calls.reduce((worst, call) => Math.max(worst, call.worstUsd), 0);
  const guard = new SpendGuard(capUsd, usd, unpriced * worstUsd);
  const context = Context.current();
  const abandon = abandonAfter(signal, () => lastAnswersMs(context.cancellationDetails));
  try {
    const lane = {
      client: gatewayClient(gateway, run.project),
      journal: new CandidateJournal((candidates, token) => appendCandidates(clickhouse, candidates, token)),
      guard,
      most,
      stop: signal,
      abandon: abandon.signal,
      pause,
      refusals,
      moved,
    };
    return { ...(await runCalls(lane, calls)), spentUsd: guard.spentUsd };
  } finally {
    abandon.clear();
  }
}
