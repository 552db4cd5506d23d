import { proxyActivities, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { WebhookActivities } from '../activities/webhooks.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { DeliverWebhookInput, type WebhookDelivery } from '../contracts/webhooks.ts';
import { parseInput } from './failures.ts';

/** Who receives may be down for a night; a person waits for a test. */
const retry = { initialInterval: '5 seconds', maximumInterval: '1 hour' } as const;
const { deliverWebhook: deliver } = proxyActivities<WebhookActivities>({
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '24 hours',
  retry,
});
const { deliverWebhook: deliverTest } = proxyActivities<WebhookActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { ...retry, maximumAttempts: 1 },
});

/** Sends one event to one address until it is taken. */
export async function deliverWebhook(raw: unknown): Promise<WebhookDelivery> {
  const input = parseInput(DeliverWebhookInput, raw);
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.project, 'KEYWORD'), value: input.project }]);
  return await (input.cluster === null ? deliverTest : deliver)(input);
}
