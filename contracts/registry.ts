import { z } from 'zod';
import { AliasInput, AliasRollback } from './aliases.ts';
import type { AliasVersion } from './aliases.ts';
import { Student } from './distil.ts';
import { Name, Sha256 } from './identifiers.ts';
import { type ApiKey, type Budget, KeyChanges, KeyId, ProjectChanges, type StoredSecret } from './keys.ts';
import type { Privacy } from './privacy.ts';

/** Input of the `registry` workflow. */
export const RegistryInput = z.strictObject({ project: Name });
export type RegistryInput = z.infer<typeof RegistryInput>;

/** Kinds of state that the registry owns. */
export const STATE_KINDS = ['project', 'alias', 'student', 'key', 'secret'] as const;
export type StateKind = (typeof STATE_KINDS)[number];

/** One row of `state_versions`: a version of one key. `sequence` rises by one within a project; gateways follow it. */
export interface StateVersion {
  project: string;
  kind: StateKind;
  key: string;
  version: number;
  sequence: number;
  requestId: string;
  /** `AliasVersion`, `Student`, `ApiKey`, `StoredSecret` or `ProjectSettings`, as JSON. */
  value: unknown;
  reason: string;
  actor: string;
  createdAt: string;
}

/** Value of the kind `project`. The first version of earlier releases has a name only. */
export interface ProjectSettings {
  name: string;
  budget?: Budget;
  /** Days that traces are kept; absent or null: for ever. */
  retentionDays?: number | null;
  /** Absent or null: everything is stored as it is. */
  privacy?: Privacy | null;
}

/** What a gateway answers from: all current state of one project. */
export interface RegistrySnapshot {
  project: string;
  /** Sequence of the newest change in it; 0 = nothing yet. */
  sequence: number;
  /** By name, deleted ones left out. */
  aliases: Record<string, AliasVersion>;
  students: Record<string, Student>;
  /** By id, revoked ones too. */
  keys: Record<string, ApiKey>;
  /** Ciphertext of providers' keys, by provider; those taken away left out. */
  secrets: Record<string, StoredSecret>;
  /** Of all calls of the project. */
  budget: Budget;
  /** Days that traces are kept; null: for ever. */
  retentionDays: number | null;
  /** What of its calls is stored; null: everything as it is. */
  privacy: Privacy | null;
}

/** The budget of a project that nobody gave one. */
export const NO_BUDGET: Budget = Object.freeze({ usdPerDay: null, usdPerMonth: null });

/** What every update carries: the same `requestId` again gives the first answer again. */
const Change = z.strictObject({ requestId: z.string().min(1).max(200), actor: z.string().max(200).default('') });

export const PutAlias = Change.extend({ name: Name, alias: AliasInput });
export type PutAlias = z.infer<typeof PutAlias>;
export const DeleteAlias = Change.extend({ name: Name, reason: z.string().max(1000).default('') });
export type DeleteAlias = z.infer<typeof DeleteAlias>;
export const RollbackAlias = Change.extend({ name: Name, rollback: AliasRollback });
export type RollbackAlias = z.infer<typeof RollbackAlias>;
export const PutStudent = Change.extend({ student: Student.omit({ version: true }) });
export type PutStudent = z.infer<typeof PutStudent>;
/** `placement` null: back to `local`. */
export const PlaceStudent = Change.extend({ name: Name, placement: Name.nullable() });
export type PlaceStudent = z.infer<typeof PlaceStudent>;
/** Makes a key where `made` is there, else changes one. Only the secret's hash comes in here. */
export const PutKey = Change.extend({
  id: KeyId,
  made: z.strictObject({ hash: Sha256, hint: z.string().max(20) }).optional(),
  changes: KeyChanges,
});
export type PutKey = z.infer<typeof PutKey>;
export const RevokeKey = Change.extend({ id: KeyId, reason: z.string().max(1000).default('') });
export type RevokeKey = z.infer<typeof RevokeKey>;
/** `sealed` null: taken away. */
export const PutSecret = Change.extend({ provider: z.string().min(1).max(100), sealed: z.string().max(20_000).nullable() });
export type PutSecret = z.infer<typeof PutSecret>;
export const PutProject = Change.extend({ changes: ProjectChanges });
export type PutProject = z.infer<typeof PutProject>;
