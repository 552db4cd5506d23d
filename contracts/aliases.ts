import { z } from 'zod';
import { Name, Target } from './identifiers.ts';

/** A target and its share of the alias's calls; shares are weight ÷ sum of weights. */
export const WeightedTarget = z.strictObject({ target: Target, weight: z.number().positive().max(1_000_000) });
export type WeightedTarget = z.infer<typeof WeightedTarget>;

/** The very same request again is answered from what it was answered before, for so long. */
export const AliasCache = z.strictObject({ ttlSeconds: z.number().int().min(1).max(2_592_000) });
export type AliasCache = z.infer<typeof AliasCache>;

/** Where a target has not begun to answer after so long, the next one is asked as well. */
export const AliasHedge = z.strictObject({ afterMs: z.number().int().min(10).max(600_000) });
export type AliasHedge = z.infer<typeof AliasHedge>;

/** Body of `PUT /api/aliases/{name}`. */
export const AliasInput = z.strictObject({
  targets: z.array(WeightedTarget).min(1).max(16),
  /** Tried in order when the chosen target fails before an answer began. */
  fallbacks: z.array(Target).max(16).default([]),
  /** Absent: every call is made. */
  cache: AliasCache.optional(),
  /** Absent: one target at a time. The next one is the first fallback. */
  hedge: AliasHedge.optional(),
  reason: z.string().max(1000).default(''),
});
export type AliasInput = z.infer<typeof AliasInput>;

/** One version of an alias; versions are append-only and count from 1, through deletions too. */
export const AliasVersion = z.object({
  name: Name,
  version: z.number().int().positive(),
  targets: z.array(WeightedTarget),
  fallbacks: z.array(Target),
  cache: AliasCache.optional(),
  hedge: AliasHedge.optional(),
  reason: z.string(),
  actor: z.string(),
  createdAt: z.iso.datetime(),
  /** A deletion is a version without targets. */
  deleted: z.boolean(),
});
export type AliasVersion = z.infer<typeof AliasVersion>;

/** Where an alias's calls go and how, without who said so. What is new in it is kept by whatever moves an alias. */
export type AliasRoute = Pick<AliasVersion, 'targets' | 'fallbacks' | 'cache' | 'hedge'>;

/** That part of an alias; what is absent stays absent. */
export function routeOfAlias({ targets, fallbacks, cache, hedge }: AliasRoute): AliasRoute {
  return { targets, fallbacks, ...(cache ? { cache } : {}), ...(hedge ? { hedge } : {}) };
}

/** Body of `POST /api/aliases/{name}/rollback`. */
export const AliasRollback = z.strictObject({
  /** Default: the version before the current one. */
  version: z.number().int().positive().optional(),
  reason: z.string().max(1000).default(''),
});
export type AliasRollback = z.infer<typeof AliasRollback>;
