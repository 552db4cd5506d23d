import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { DistilInput } from '../../contracts/distil.ts';
import type { Distillation, RunStatus } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { unlessDown } from './outages.ts';
import { startingState } from '../../core/distillation/starting-state.ts';
import { inputOfRun } from './workflow-runs.ts';

/** A query waits this long for a worker; then the last recorded state answers. */
const QUERY_TIMEOUT_MS = 2_000;
/** Temporal's HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT. */
const CLOSE_EVENT = 2;

/** Whether a run in that state will not change any more. */
export function hasEnded(status: RunStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** A recorded state that may be behind; one that has ended never is. */
export function markStale(state: Distillation): Distillation {
  return hasEnded(state.status) ? state : { ...state, stale: true };
}

/**
 * The state of the run that Temporal describes; `recorded` is the newest state in ClickHouse, maybe an earlier run's, or
 * `down` where ClickHouse could not be asked: then what only a record can tell is not made up.
 */
export async function stateOfRun(
  client: Client,
  run: WorkflowExecutionDescription,
  recorded: Distillation | null | 'down',
  project: string,
  name: string,
): Promise<Distillation> {
  const ofThisRun = recorded !== 'down' && recorded?.runId === run.runId ? recorded : null;
  if (ofThisRun && hasEnded(ofThisRun.status)) return ofThisRun;
  if (run.status.name === 'RUNNING') {
    const live = await unlessDown(() => queryState(client, run), null);
    if (live) return { ...live, stale: false };
    return ofThisRun ? markStale(ofThisRun) : await stateFromStart(client, run, project, name);
  }
  if (recorded === 'down' && run.status.name !== 'COMPLETED') {
    throw new StillhouseError('unavailable', 'The run has ended, and ClickHouse, which knows how, does not answer; try again in a moment.');
  }
  return endedWithoutRecord(client, run, ofThisRun ?? (await stateFromStart(client, run, project, name)));
}

/** null where the workflow can't be asked: no worker polls, or its first task has not run. */
async function queryState(client: Client, run: WorkflowExecutionDescription): Promise<Distillation | null> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query<Distillation>(MESSAGES.state));
  } catch (error) {
    // FAILED_PRECONDITION and the like: a query is an observation, its failure says nothing about the run
    if (error instanceof Error && /Query|ServiceError/.test(error.name)) return null;
    throw error;
  }
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

async function failureOf(client: Client, run: WorkflowExecutionDescription): Promise<string> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId: run.workflowId, runId: run.runId },
    historyEventFilterType: CLOSE_EVENT,
  });
  const failure = history?.events?.at(-1)?.workflowExecutionFailedEventAttributes?.failure;
  if (!failure) return 'It failed.';
  const error = defaultFailureConverter.failureToError(failure, defaultPayloadConverter);
  const said = error instanceof ApplicationFailure || !error.cause ? error : error.cause;
  return (said as Error).message || 'It failed.';
}
