import { randomUUID } from 'node:crypto';
import { type Client, WithStartWorkflowOperation, type Workflow } from '@temporalio/client';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';

/** Sends one update to a project's registry, as the gateway does. */
export function updateRegistry<T>(client: Client, project: string, update: string, change: Record<string, unknown>): Promise<T> {
  const requestId = (change['requestId'] as string | undefined) ?? randomUUID();
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOWS.registry, {
    workflowId: workflowIds.registry(project),
    taskQueue: QUEUES.main,
    args: [{ project }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  return client.workflow.executeUpdateWithStart<Workflow, T, [unknown]>(update, {
    args: [{ ...change, requestId }],
    startWorkflowOperation,
  });
}
