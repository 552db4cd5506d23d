import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { unlessDown } from './outages.ts';
import { failureOf, queryState } from './workflow-runs.ts';

/** What states of runs that are recorded have in common. */
interface RunState {
  runId: string;
  status: 'running' | 'completed' | 'failed' | 'cancelled';
  error: string | null;
  updatedAt: string;
  endedAt: string | null;
  stale: boolean;
}

/** What there is to say of a run besides what Temporal does. */
export interface KnownRun<State> {
  /** The newest state on record, maybe of an earlier run. */
  recorded: State | null;
  /** The record as it is now. */
  readAgain: () => Promise<State | null>;
  /** What can be said of one that has not said anything yet; null: nothing can. */
  fromStart: () => Promise<State | null>;
}

/** The state of the run that Temporal describes. null: nothing can be said of it. */
export async function stateOfRecordedRun<State extends RunState>(
  client: Client,
  run: WorkflowExecutionDescription,
  { recorded, readAgain, fromStart }: KnownRun<State>,
): Promise<State | null> {
  const ofThisRun = (state: State | null) => (state?.runId === run.runId ? state : null);
  const before = ofThisRun(recorded);
  if (before && before.status !== 'running') return before;
  const isRunning = run.status.name === 'RUNNING';
  // It puts its end on record before it ends: what was read before Temporal was asked may be older.
  const known = isRunning ? before : (ofThisRun(await readAgain()) ?? before);
  if (known && known.status !== 'running') return known;
  const last = known ?? (await fromStart());
  if (last === null) return null;
  if (isRunning) {
    const live = await unlessDown(() => queryState<State>(client, run), null);
    return live ? untilRecorded(live) : { ...last, stale: known !== null };
  }
  const endedAt = run.closeTime?.toISOString() ?? null;
  const ended = { ...last, endedAt, updatedAt: endedAt ?? last.updatedAt };
  if (run.status.name === 'COMPLETED') return { ...ended, status: 'completed' };
  if (run.status.name === 'CANCELLED' || run.status.name === 'TERMINATED') return { ...ended, status: 'cancelled' };
  return { ...ended, status: 'failed', error: await failureOf(client, run) };
}

/**
 * What a run says of itself while Temporal has it running. Its end counts once it is on record: who waits for it reads next what is
 * on record, such as the clusters of the newest run.
 */
export function untilRecorded<State extends { status: string; error: string | null; endedAt: string | null }>(live: State): State {
  const hasEnded = live.status === 'completed' || live.status === 'failed' || live.status === 'cancelled';
  return hasEnded ? { ...live, status: 'running', error: null, endedAt: null } : live;
}
