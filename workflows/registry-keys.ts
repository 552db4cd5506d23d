import { type ApiKey, type Budget, KeyInput, type KeyChanges, type StoredSecret } from '../contracts/keys.ts';
import type { ProjectSettings, PutKey, PutProject, PutSecret, RevokeKey } from '../contracts/registry.ts';
import { parseInput, refusal } from './failures.ts';
import type { Proposal, RegistryState } from './registry-state.ts';

/** Every run of the registry loads the keys of its project: so many are still passed on by Temporal. */
const MOST_KEYS = 1000;

/** What a change of keys, secrets or settings comes to: a version to append, or what stands already. */
export type Proposed<T> = Proposal | { unchanged: T };

/** When a change is made, and where. */
export interface Moment {
  project: string;
  at: string;
}

/** A new key, or an old one changed. Refuses a name that another key has, and changes of a revoked key. */
export function proposeKey(state: RegistryState, request: PutKey, { project, at }: Moment): Proposed<ApiKey> {
  const { id, made, changes, actor } = request;
  const current = state.key(id);
  if (made && current) throw refusal('conflict', `There is a key "${id}" already.`);
  if (!made && !current) throw refusal('not_found', `There is no key "${id}".`);
  if (current?.revokedAt) throw refusal('conflict', `Key "${current.name}" is revoked: make a new one.`);
  const live = state.keys();
  if (made && live.length >= MOST_KEYS) throw refusal('conflict', `A project has at most ${MOST_KEYS} keys: revoke some.`);
  const name = changes.name ?? current?.name;
  if (live.some((other) => other.id !== id && other.name === name))
    throw refusal('conflict', `There is a key named "${name}" already: choose another name, or revoke it.`);
  const version = state.nextVersion('key', id);
  const settings = current ? changed(current, changes) : parseInput(KeyInput, changes);
  const first = { hash: made?.hash ?? current!.hash, hint: made?.hint ?? current!.hint, createdAt: current?.createdAt ?? at };
  const value: ApiKey = { id, project, ...settings, ...first, actor, version, revokedAt: null };
  if (current && JSON.stringify(settings) === JSON.stringify(changed(current, {}))) return { unchanged: current };
  return { kind: 'key', key: id, version, value, reason: current ? 'changed' : 'made' };
}

function changed({ name, aliases, models, limits, expiresAt }: ApiKey, { limits: of, ...changes }: KeyChanges): KeyInput {
  return { name, aliases, models, expiresAt, ...given(changes), limits: { ...limits, ...given(of ?? {}) } };
}

/** Without the fields that were not named. */
function given<T extends object>(changes: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined)) as never;
}

/** The key's end: it stays on record, and no call is made with it any more. */
export function proposeRevocation(state: RegistryState, { id, reason, actor }: RevokeKey, { at }: Moment): Proposed<ApiKey> {
  const current = state.key(id);
  if (!current) throw refusal('not_found', `There is no key "${id}".`);
  if (current.revokedAt) return { unchanged: current };
  const version = state.nextVersion('key', id);
  const value: ApiKey = { ...current, version, actor, revokedAt: at };
  return { kind: 'key', key: id, version, value, reason: reason || 'revoked' };
}

/** A provider's key as ciphertext; what it says is unknown here. */
export function proposeSecret(state: RegistryState, { provider, sealed, actor }: PutSecret, { at }: Moment): Proposed<StoredSecret> {
  const current = state.secret(provider);
  if (sealed === null && !current) throw refusal('not_found', `No key of the provider "${provider}" is stored.`);
  if (current && current.sealed === sealed) return { unchanged: current };
  const version = state.nextVersion('secret', provider);
  const value: StoredSecret = { provider, version, sealed, actor, createdAt: at };
  return { kind: 'secret', key: provider, version, value, reason: sealed === null ? 'taken away' : 'set' };
}

/** The project's settings after a change. */
export function proposeProject(state: RegistryState, { changes }: PutProject, { project }: Moment): Proposed<ProjectSettings> {
  const current = state.settings(project);
  const before: Budget = current?.budget ?? { usdPerDay: null, usdPerMonth: null };
  const budget: Budget = { ...before, ...given(changes.budget) };
  const kept = current?.retentionDays ?? null;
  const retentionDays = changes.retentionDays === undefined ? kept : changes.retentionDays;
  const stored = current?.privacy ?? null;
  const privacy = changes.privacy === undefined ? stored : changes.privacy;
  const same = JSON.stringify([budget, retentionDays, privacy]) === JSON.stringify([before, kept, stored]);
  if (current && same) return { unchanged: current };
  const version = state.nextVersion('project', project);
  const value: ProjectSettings = {
    name: project,
    budget,
    ...(retentionDays === null ? {} : { retentionDays }),
    ...(privacy === null ? {} : { privacy }),
  };
  return { kind: 'project', key: project, version, value, reason: current ? 'changed' : 'the project begins' };
}
