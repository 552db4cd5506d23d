import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { MESSAGES, QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';

const DEADLINE_MS = 10_000;

/** Starts the project's registry where it does not run, and has it write the project's first version. */
export async function ensureRegistry(client: Client, project: string): Promise<void> {
  const { WithStartWorkflowOperation } = await import('@temporalio/client');
  const start = new WithStartWorkflowOperation(WORKFLOWS.registry, {
    workflowId: workflowIds.registry(project),
    taskQueue: QUEUES.main,
    args: [{ project }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  await client.withDeadline(Date.now() + DEADLINE_MS, () =>
    client.workflow.executeUpdateWithStart(MESSAGES.ensure, {
      startWorkflowOperation: start,
      updateId: randomUUID(),
      args: [{ requestId: `ensure-${project}`, actor: 'gateway' }],
    }),
  );
}
