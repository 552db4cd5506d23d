import { randomUUID } from 'node:crypto';
import { WithStartWorkflowOperation, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { Workflow } from '@temporalio/common';
import { ERROR_CODES, StillhouseError } from '../../contracts/errors.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import type { MESSAGES } from '../../contracts/names.ts';
import type { Caller } from '../keys/caller.ts';
import type { ApiDeps } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';

type RegistryUpdate = (typeof MESSAGES)[
  | 'putAlias'
  | 'deleteAlias'
  | 'rollbackAlias'
  | 'putStudent'
  | 'placeStudent'
  | 'putKey'
  | 'revokeKey'
  | 'putSecret'
  | 'putProject'];

/**
 * Sends one update to the project's registry, starting it where it does not run. The same `idempotency-key` again gives
 * the first answer again. Where no worker takes it in time the caller hears `unavailable`; the change may still come
 * to pass. This gateway's snapshot has the change before the answer goes out.
 */
export async function changeRegistry<T>(
  deps: ApiDeps,
  caller: Caller,
  update: RegistryUpdate,
  change: Record<string, unknown>,
  idempotencyKey: string | undefined,
): Promise<T> {
  const requestId = idempotencyKey ?? randomUUID();
  const { project } = caller;
  const start = new WithStartWorkflowOperation(WORKFLOWS.registry, {
    workflowId: workflowIds.registry(project),
    taskQueue: QUEUES.main,
    args: [{ project }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  try {
    const result = await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) =>
      client.workflow.executeUpdateWithStart<Workflow, T, [unknown]>(update, {
        args: [{ ...change, requestId, actor: caller.keyId }],
        updateId: `${update}/${requestId}`,
        startWorkflowOperation: start,
      }),
    );
    await deps.snapshots.refresh(project).catch((error: unknown) => deps.log.warn({ err: error }, 'the snapshot follows later'));
    return result;
  } catch (error) {
    throw fromWorkflowFailure(error);
  }
}

/** What a workflow refused, as our own error: its failure type is one of our codes, or `InvalidInput`. */
export function fromWorkflowFailure(error: unknown): unknown {
  const told = error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError ? error.cause : error;
  const failure = told instanceof ActivityFailure ? told.cause : told;
  if (!(failure instanceof ApplicationFailure)) return error;
  return new StillhouseError(codeOfFailure(failure.type), failure.message, { cause: error });
}

function codeOfFailure(type: string | null | undefined): ErrorCode {
  if (type === 'InvalidInput') return 'invalid_request';
  return type && Object.hasOwn(ERROR_CODES, type) ? (type as ErrorCode) : 'internal';
}
