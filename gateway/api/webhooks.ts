import { randomUUID } from 'node:crypto';
import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { WebhookDelivery, WebhookView, type WebhookConfig } from '../../contracts/webhooks.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, named, pageOf } from './openapi.ts';
import { fromWorkflowFailure } from './registry-updates.ts';
import { CHANGE_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';

const tags = ['webhooks'];
const list = createRoute({
  method: 'get',
  path: '/webhooks',
  tags,
  summary: 'Who is told of clusters that are worth distilling',
  description: 'As the configuration names them (`webhooks` in stillhouse.yaml).',
  responses: answers(200, 'The webhooks', pageOf('Webhook', WebhookView)),
});
const test = createRoute({
  method: 'post',
  path: '/webhooks/{id}/test',
  tags,
  summary: 'Send a test event',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: answers(200, 'It was taken', named('WebhookDelivery', WebhookDelivery)),
});

/** Webhooks are the configuration's; the worker sends. */
export function webhookRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, (c) => {
      const { project } = c.get('caller');
      const items = deps.webhooks.filter(({ projects }) => projects === undefined || projects.includes(project)).map(viewOf);
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(test, async (c) => {
      const { project } = c.get('caller');
      const { id } = c.req.valid('param');
      const known = deps.webhooks.map((webhook) => webhook.id);
      if (!known.includes(id)) throw new StillhouseError('not_found', nameNearest('webhook', id, known), { param: 'id' });
      return c.json(await sendTest(deps, project, id), 200);
    });
}

async function sendTest(deps: ApiDeps, project: string, webhook: string): Promise<WebhookDelivery> {
  try {
    return await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) =>
      client.workflow.execute<(input: unknown) => Promise<WebhookDelivery>>(WORKFLOWS.deliverWebhook, {
        workflowId: workflowIds.deliverWebhook(project, webhook, `test-${randomUUID()}`),
        taskQueue: QUEUES.main,
        args: [{ project, webhook }],
        workflowExecutionTimeout: CHANGE_TIMEOUT_MS,
      }),
    );
  } catch (error) {
    throw fromWorkflowFailure(error);
  }
}

function viewOf({ id, url, secretEnv, minSavingUsdPerMonth }: WebhookConfig): WebhookView {
  return { id, origin: new URL(url).origin, signed: secretEnv !== undefined, minSavingUsdPerMonth };
}
