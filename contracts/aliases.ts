import { z } from 'zod';
import { Name, Target } from './identifiers.ts';

/** A target and its share of the alias's calls; shares are weight ÷ sum of weights. */
export const WeightedTarget = z.strictObject({ target: Target, weight: z.number().positive().max(1_000_000) });
export type WeightedTarget = z.infer<typeof WeightedTarget>;

/** The very same request again is answered from what it was answered before, for so long. */
export const AliasCache = z.strictObject({ ttlSeconds: z.number().int().min(1).max(2_592_000) });
export type AliasCache = z.infer<typeof AliasCache>;

/** Body of `PUT /api/aliases/{name}`. */
export const AliasInput = z.strictObject({
  targets: z.array(WeightedTarget).min(1).max(16),
  /** Tried in order when the chosen target fails before an answer began. */
  fallbacks: z.array(Target).max(16).default([]),
  /** Absent: every call is made. */
  cache: AliasCache.optional(),
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
  reason: z.string(),
  actor: z.string(),
  createdAt: z.iso.datetime(),
  /** A deletion is a version without targets. */
  deleted: z.boolean(),
});
export type AliasVersion = z.infer<typeof AliasVersion>;

/** Body of `POST /api/aliases/{name}/rollback`. */
export const AliasRollback = z.strictObject({
  /** Default: the version before the current one. */
  version: z.number().int().positive().optional(),
  reason: z.string().max(1000).default(''),
});
export type AliasRollback = z.infer<typeof AliasRollback>;
