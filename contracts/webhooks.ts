import { z } from 'zod';
import { Name } from './identifiers.ts';

/** One address of `stillhouse.yaml` that is told when something is worth a person's look. */
export const WebhookConfig = z.strictObject({
  id: Name,
  url: z.url({ protocol: /^https?$/ }),
  /** Name of the environment variable that holds the secret (`whsec_…`, base64) by which deliveries are signed; none: they are not. */
  secretEnv: z.string().optional(),
  /** Private, loopback and link-local addresses are refused without it. */
  allowPrivateAddress: z.boolean().default(false),
  /** Of which projects; default: all. */
  projects: z.array(Name).optional(),
  /** A cluster is worth distilling from this saving on, in US dollars a month. */
  minSavingUsdPerMonth: z.number().nonnegative().finite().default(50),
});
export type WebhookConfig = z.infer<typeof WebhookConfig>;

/** Types of events. */
export const WEBHOOK_EVENTS = { worthDistilling: 'cluster.worth_distilling', test: 'test' } as const;

/** Input of the `deliverWebhook` workflow: what is sent is read when it is sent. */
export const DeliverWebhookInput = z.strictObject({
  project: Name,
  webhook: Name,
  /** As this run found it; null: a test event. */
  cluster: z
    .strictObject({ id: z.string().min(1), run: Name })
    .nullable()
    .default(null),
});
export type DeliverWebhookInput = z.infer<typeof DeliverWebhookInput>;

/** How a delivery ended: the answer's HTTP status; `skipped`: the cluster is gone meanwhile. */
export const WebhookDelivery = z.object({
  webhook: z.string(),
  event: z.string(),
  /** Also the header `webhook-id`: the same for every attempt. */
  id: z.string(),
  status: z.union([z.number().int(), z.literal('skipped')]),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

/** An entry of `GET /api/webhooks`. */
export const WebhookView = WebhookConfig.pick({ id: true, minSavingUsdPerMonth: true }).extend({
  /** Without its path, which may hold a secret. */
  origin: z.string(),
  signed: z.boolean(),
});
export type WebhookView = z.infer<typeof WebhookView>;
