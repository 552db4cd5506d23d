import { z } from 'zod';
import { ORIGINS, TRACE_STATUSES } from './traces.ts';

/** What usage can be grouped by, besides `metadata.<key>`; several at once. */
export const USAGE_DIMENSIONS = ['alias', 'model', 'provider', 'key', 'user', 'cluster', 'day'] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** One of these, or a key of the calls' metadata: `metadata.team`. */
export const UsageGroup = z.union([z.enum(USAGE_DIMENSIONS), z.templateLiteral(['metadata.', z.string().min(1)])]);
export type UsageGroup = z.infer<typeof UsageGroup>;

/** The key of `metadata.<key>`; null for what is none. */
export function metadataKeyOf(group: UsageGroup): string | null {
  return group.startsWith('metadata.') ? group.slice('metadata.'.length) : null;
}

/** Query of `GET /api/usage`. Times count by the minute of a call's beginning; `until` is exclusive. */
export const UsageQuery = z.object({
  /** In this order, as `model,day` in the query string; nothing = one row of totals. */
  by: z
    .union([z.array(z.string()), z.string().transform((text) => (text === '' ? [] : text.split(',')))])
    .pipe(z.array(UsageGroup).refine((by) => new Set(by).size === by.length, 'each at most once'))
    .default([]),
  /** Default: 30 days before `until`. */
  since: z.iso.datetime({ offset: true }).optional(),
  /** Default: now. */
  until: z.iso.datetime({ offset: true }).optional(),
  alias: z.string().optional(),
  /** The target's name without its provider, or the whole target. */
  model: z.string().optional(),
  target: z.string().optional(),
  provider: z.string().optional(),
  status: z.enum(TRACE_STATUSES).optional(),
  cluster: z.string().optional(),
  key: z.string().optional(),
  /** Of stored traces alone, as groups by user or metadata are. */
  user: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  origin: z.enum(ORIGINS).optional(),
});
export type UsageQuery = z.infer<typeof UsageQuery>;

/** One group; only what was grouped by is named. */
export const UsageRow = z.object({
  alias: z.string().optional(),
  model: z.string().optional(),
  provider: z.string().optional(),
  key: z.string().optional(),
  /** Empty: calls that named none. */
  user: z.string().optional(),
  /** Values of the keys that were asked for; empty: calls without them. */
  metadata: z.record(z.string(), z.string()).optional(),
  /** Empty: traces that are of no cluster. */
  cluster: z.string().optional(),
  /** UTC's, `YYYY-MM-DD`. */
  day: z.string().optional(),
  calls: z.number().int(),
  errors: z.number().int(),
  /** Calls whose price nobody knows: they are not in `costUsd`. */
  unpriced: z.number().int(),
  tokensIn: z.number().int(),
  tokensOut: z.number().int(),
  /** null where usage is asked by cluster, which does not tell. */
  tokensCached: z.number().int().nullable(),
  /** null where no call has a price. */
  costUsd: z.number().nullable(),
  p50Ms: z.number().nullable(),
  p95Ms: z.number().nullable(),
});
export type UsageRow = z.infer<typeof UsageRow>;

/** Answer of `GET /api/usage`: by day where that is asked for, else what cost most first. */
export const Usage = z.object({ since: z.iso.datetime(), until: z.iso.datetime(), items: z.array(UsageRow) });
export type Usage = z.infer<typeof Usage>;
