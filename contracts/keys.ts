import { z } from 'zod';
import { Name, Sha256 } from './identifiers.ts';
import { KEY_SOURCES } from './providers.ts';
import { Privacy } from './privacy.ts';

/** Begins every key that the gateway makes. */
export const KEY_PREFIX = 'sk-sh-';

const dollars = z.number().positive().max(1_000_000_000);
/** Whole days of UTC that traces are kept. */
export const retentionDays = z.number().int().min(1).max(36_500);
const perMinute = z.number().int().positive().max(1_000_000_000);

/** What a key or a project may spend; null = no limit. Days and months are UTC's. */
export const Budget = z.strictObject({
  usdPerDay: dollars.nullable().default(null),
  usdPerMonth: dollars.nullable().default(null),
});
export type Budget = z.infer<typeof Budget>;

/** What a key may use; null = no limit. */
export const KeyLimits = Budget.extend({
  requestsPerMinute: perMinute.nullable().default(null),
  /** Of prompts and answers. */
  tokensPerMinute: perMinute.nullable().default(null),
});
export type KeyLimits = z.infer<typeof KeyLimits>;

/** Limits of which only those named change. Without defaults: what is not named stays. */
const LimitChanges = z.strictObject({
  requestsPerMinute: perMinute.nullable().optional(),
  tokensPerMinute: perMinute.nullable().optional(),
  usdPerDay: dollars.nullable().optional(),
  usdPerMonth: dollars.nullable().optional(),
});

/** A target, or the beginning of targets: `openai/gpt-4o`, `openai/*`, `student/*`. */
const ModelPattern = z
  .string()
  .max(256)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*\/\S+$/, 'must be "provider/model", "provider/*", "student/<name>" or "student/*"');

const aliases = z.array(Name).max(200);
const models = z.array(ModelPattern).max(200);
const expiresAt = z.iso.datetime({ offset: true }).nullable();

/** Body of `POST /api/keys`. A key that names neither aliases nor models may call all; one that names some, these only. */
export const KeyInput = z.strictObject({
  name: Name,
  aliases: aliases.default([]),
  models: models.default([]),
  limits: KeyLimits.prefault({}),
  expiresAt: expiresAt.default(null),
});
export type KeyInput = z.infer<typeof KeyInput>;

/** Body of `PATCH /api/keys/{id}`: what is not named stays. */
export const KeyChanges = z.strictObject({
  name: Name.optional(),
  aliases: aliases.optional(),
  models: models.optional(),
  limits: LimitChanges.optional(),
  expiresAt: expiresAt.optional(),
});
export type KeyChanges = z.infer<typeof KeyChanges>;

/** Id of a key: what traces name. It tells nothing of the secret. */
export const KeyId = z.string().regex(/^key_[A-Za-z0-9_-]{12}$/, 'must be the id of a key ("key_…")');

/** A key as the registry has it. The secret is nowhere: it was shown when the key was made. */
export const ApiKey = z.object({
  id: KeyId,
  version: z.number().int().positive(),
  project: Name,
  name: Name,
  /** SHA-256 of the secret. */
  hash: Sha256,
  /** The secret's beginning, for people who look for the key that they hold. */
  hint: z.string(),
  aliases,
  models,
  limits: KeyLimits,
  actor: z.string(),
  createdAt: z.iso.datetime(),
  revokedAt: z.iso.datetime().nullable(),
  expiresAt,
});
export type ApiKey = z.infer<typeof ApiKey>;

/** What was spent in UTC's day and month, unpriced calls with what is estimated of them. */
export const Spent = z.object({
  todayUsd: z.number(),
  monthUsd: z.number(),
  /** Calls of this month whose price nobody knows. */
  unpricedCalls: z.number().int(),
});
export type Spent = z.infer<typeof Spent>;

/** A key as the API shows it: without its hash; `spent` is null while ClickHouse is down. */
export const KeyView = ApiKey.omit({ hash: true }).extend({ spent: Spent.nullable() });
export type KeyView = z.infer<typeof KeyView>;

/** Answer of `POST /api/keys`: the only time that the secret is shown. */
export const CreatedKey = KeyView.extend({ secret: z.string() });
export type CreatedKey = z.infer<typeof CreatedKey>;

/** Body of `POST /api/projects`, and a project's settings as the registry has them. */
export const ProjectInput = z.strictObject({
  name: Name,
  budget: Budget.prefault({}),
  retentionDays: retentionDays.nullable().default(null),
  privacy: Privacy.nullable().default(null),
});
export type ProjectInput = z.infer<typeof ProjectInput>;

/** Body of `PATCH /api/projects/{name}`: what is not named stays. */
export const ProjectChanges = z.strictObject({
  budget: z.strictObject({ usdPerDay: dollars.nullable().optional(), usdPerMonth: dollars.nullable().optional() }).default({}),
  retentionDays: retentionDays.nullable().optional(),
  /** Takes the place of all that was said of it before; null = everything is stored as it is. */
  privacy: Privacy.nullable().optional(),
});
export type ProjectChanges = z.infer<typeof ProjectChanges>;

/** A project as the API shows it; `spent` is null while ClickHouse is down. */
export const ProjectView = z.object({
  name: Name,
  budget: Budget,
  /** Days that traces are kept; null = for ever. */
  retentionDays: z.number().int().nullable(),
  /** What of its calls is stored; null = everything as it is. */
  privacy: Privacy.nullable(),
  keys: z.number().int(),
  aliases: z.number().int(),
  spent: Spent.nullable(),
});
export type ProjectView = z.infer<typeof ProjectView>;

/** Body of `PUT /api/providers/{id}/key`. */
export const ProviderKeyInput = z.strictObject({
  key: z
    .string()
    .min(1)
    .max(10_000)
    .regex(/^[\x21-\x7e]+$/, 'must be one line of visible ASCII'),
});

/** A provider's key as the registry has it: ciphertext only; null = taken away. */
export const StoredSecret = z.object({
  provider: z.string(),
  version: z.number().int().positive(),
  sealed: z.string().nullable(),
  actor: z.string(),
  createdAt: z.iso.datetime(),
});
export type StoredSecret = z.infer<typeof StoredSecret>;

/** Answer of `PUT` and `DELETE /api/providers/{id}/key`. */
export const ProviderKeyView = z.object({
  provider: z.string(),
  version: z.number().int(),
  /** Whether one is stored. */
  set: z.boolean(),
  /** Where the key that counts from now on comes from; null where there is none. */
  from: z.enum(KEY_SOURCES).nullable(),
  createdAt: z.iso.datetime(),
});
export type ProviderKeyView = z.infer<typeof ProviderKeyView>;
