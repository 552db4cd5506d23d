import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { DistilInput } from '../../contracts/distil.ts';
import type { Distillation, RunStatus } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { unlessDown } from './outages.ts';
import { startingState } from '../../core/distillation/starting-state.ts';
import { untilRecorded } from './recorded-run.ts';
import { QUERY_TIMEOUT_MS, failureOf, inputOfRun, queryState } from './workflow-runs.ts';

/** Whether a run in that state will not change any more. */
export function hasEnded(status: RunStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** A recorded state that may be behind; one that has ended never is. */
export function markStale(state: Distillation): Distillation {
  return hasEnded(state.status) ? state : { ...state, stale: true };
}

/** The newest state in ClickHouse, maybe an earlier run's, or `down` where ClickHouse could not be asked. */
export type Recorded = Distillation | null | 'down';

/**
 * The state of the run that Temporal describes; `before` is what was on record before Temporal was asked, `readAgain` reads it as
 * it is now. What only a record can tell is not made up.
 */
export async function stateOfRun(
  client: Client,
  run: WorkflowExecutionDescription,
  { before, readAgain }: { before: Recorded; readAgain: () => Promise<Recorded> },
  { project, name }: { project: string; name: string },
): Promise<Distillation> {
  const isRunning = run.status.name === 'RUNNING';
  const old = before !== 'down' && before?.runId === run.runId ? before : null;
  if (old && hasEnded(old.status)) return old;
  // It puts its end on record before it ends.
  const recorded = isRunning ? before : await readAgain();
  const ofThisRun = recorded !== 'down' && recorded?.runId === run.runId ? recorded : old;
  if (ofThisRun && hasEnded(ofThisRun.status)) return ofThisRun;
  if (isRunning) {
    const live = await unlessDown(() => queryState<Distillation>(client, run), null);
    if (live) return { ...untilRecorded(live), stale: false };
    return ofThisRun ? markStale(ofThisRun) : await stateFromStart(client, run, project, name);
  }
  if (recorded === 'down' && run.status.name !== 'COMPLETED') {
    throw new StillhouseError('unavailable', 'The run has ended, and ClickHouse, which knows how, does not answer; try again in a moment.');
  }
  return endedWithoutRecord(client, run, ofThisRun ?? (await stateFromStart(client, run, project, name)));
}

/** What can be said of a run that has not said anything yet. */
async function stateFromStart(client: Client, run: WorkflowExecutionDescription, project: string, name: string): Promise<Distillation> {
  const given = DistilInput.safeParse(await inputOfRun(client, run.workflowId, run.runId));
  const input = given.success ? given.data : DistilInput.parse({ project, dataset: 'unknown' });
  return startingState(input, { name, workflowId: run.workflowId, runId: run.runId, startedAt: run.startTime });
}

/** A run that Temporal ended (refused input, terminated, timed out) before it could record its end itself. */
async function endedWithoutRecord(client: Client, run: WorkflowExecutionDescription, last: Distillation): Promise<Distillation> {
  const outcome = run.status.name;
  // Its answer is its last state: also while ClickHouse, which has the record, is down.
  if (outcome === 'COMPLETED') return resultOf(client, run);
  const ended: Distillation = {
    ...last,
    endedAt: run.closeTime?.toISOString() ?? null,
    updatedAt: run.closeTime?.toISOString() ?? last.updatedAt,
  };
  if (outcome === 'CANCELLED') return { ...ended, status: 'cancelled' };
  if (outcome === 'TERMINATED') return { ...ended, status: 'cancelled', error: 'It was terminated in Temporal.' };
  if (outcome === 'TIMED_OUT') return { ...ended, status: 'failed', error: 'It ran out of the time that Temporal gave it.' };
  return { ...ended, status: 'failed', error: await failureOf(client, run) };
}

async function resultOf(client: Client, run: WorkflowExecutionDescription): Promise<Distillation> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  return client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.result() as Promise<Distillation>);
}
