import { createRoute, z } from '@hono/zod-openapi';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { WorkflowHandle } from '@temporalio/client';
import type { Distillation } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { Name } from '../../contracts/identifiers.ts';
import { MESSAGES } from '../../contracts/names.ts';
import type { ApiDeps } from './dependencies.ts';
import { hasEnded } from './distillation-run.ts';
import { DistillationRun, findDistillation } from './distillations.ts';
import { answers, apiRouter } from './openapi.ts';
import { fromWorkflowFailure } from './registry-updates.ts';
import { CHANGE_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';

const ACTIONS = ['pause', 'resume', 'cancel', 'approve'] as const;
type Action = (typeof ACTIONS)[number];

const act = createRoute({
  method: 'post',
  path: '/distillations/{name}/{action}',
  tags: ['distillations'],
  summary: 'Pause, resume, cancel or approve a run',
  description: 'A pause waits for the next shard or stage. `approve` lets a run that waits for a person move its alias.',
  request: { params: z.object({ name: Name, action: z.enum(ACTIONS) }) },
  responses: answers(202, 'The run has taken it', DistillationRun),
});

/** What a person may say to a run. */
export function distillationControlRoutes(deps: ApiDeps) {
  return apiRouter().openapi(act, async (c) => {
    const { project } = c.get('caller');
    const { name, action } = c.req.valid('param');
    const before = await findDistillation(deps, project, name);
    refuseIfEnded(before, action);
    try {
      await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => send(client.workflow.getHandle(before.workflowId), action));
    } catch (error) {
      // it ended between the look and the message
      if (error instanceof WorkflowNotFoundError) refuseIfEnded(await findDistillation(deps, project, name), action);
      throw fromWorkflowFailure(error);
    }
    const location = `/api/distillations/${name}`;
    c.header('location', location);
    return c.json({ ...(await findDistillation(deps, project, name)), location }, 202);
  });
}

async function send(handle: WorkflowHandle, action: Action): Promise<void> {
  switch (action) {
    case 'cancel':
      await handle.cancel();
      return;
    case 'pause':
      return handle.executeUpdate(MESSAGES.pause);
    case 'resume':
      return handle.executeUpdate(MESSAGES.resume);
    case 'approve':
      return handle.executeUpdate(MESSAGES.approve);
  }
}

function refuseIfEnded(run: Distillation, action: Action): void {
  if (!hasEnded(run.status)) return;
  throw new StillhouseError('conflict', `Distillation "${run.name}" is ${run.status}: there is nothing to ${action}.`, { param: 'name' });
}
