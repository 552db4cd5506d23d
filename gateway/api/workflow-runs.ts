import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { ApplicationFailure, defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { MESSAGES } from '../../contracts/names.ts';

/** A server that is up answers in milliseconds; with one that is down, readers get the recorded state after this time. */
const DESCRIBE_TIMEOUT_MS = 1_500;
/** A query waits this long for a worker; then the last recorded state answers. */
export const QUERY_TIMEOUT_MS = 2_000;
/** Temporal's HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT. */
const CLOSE_EVENT = 2;

/** The input that the run was started with: from its first event, which is there from the moment of the start. */
export async function inputOfRun(client: Client, workflowId: string, runId: string): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const payload = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}

/** The newest run of that id; null where Temporal knows none. */
export async function describeRun(client: Client, workflowId: string): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.withDeadline(Date.now() + DESCRIBE_TIMEOUT_MS, () => client.workflow.getHandle(workflowId).describe());
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** What the run's `state` query answers; null where the workflow can't be asked: no worker polls, or its first task has not run. */
export async function queryState<State>(client: Client, run: WorkflowExecutionDescription): Promise<State | null> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  try {
    return await client.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query<State>(MESSAGES.state));
  } catch (error) {
    // FAILED_PRECONDITION and the like: a query is an observation, its failure says nothing about the run
    if (error instanceof Error && /Query|ServiceError/.test(error.name)) return null;
    throw error;
  }
}

/** What a run that failed says. */
export async function failureOf(client: Client, run: WorkflowExecutionDescription): Promise<string> {
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
