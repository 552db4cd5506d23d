import { type AliasInput, type AliasVersion, routeOfAlias } from '../contracts/aliases.ts';
import type { Student } from '../contracts/distil.ts';
import { parseTarget } from '../contracts/identifiers.ts';
import type { ApiKey, StoredSecret } from '../contracts/keys.ts';
import type { ProjectSettings, StateKind, StateVersion } from '../contracts/registry.ts';
import { refusal } from './failures.ts';

/** What one change adds; sequence, project and times are the registry's to give. */
export interface Proposal {
  kind: StateKind;
  key: string;
  version: number;
  value: unknown;
  reason: string;
}

/** Current state of one project as its only writer knows it: the newest version of every key, deleted ones too. */
export class RegistryState {
  #sequence = 0;
  readonly #newest = new Map<string, StateVersion>();

  get sequence(): number {
    return this.#sequence;
  }

  apply(version: StateVersion): void {
    this.#sequence = Math.max(this.#sequence, version.sequence);
    this.#newest.set(`${version.kind}/${version.key}`, version);
  }

  alias(name: string): AliasVersion | null {
    return this.#value('alias', name);
  }

  student(name: string): Student | null {
    return this.#value('student', name);
  }

  key(id: string): ApiKey | null {
    return this.#value('key', id);
  }

  /** Keys that are not revoked. */
  keys(): ApiKey[] {
    return [...this.#newest.values()].flatMap(({ kind, value }) =>
      kind === 'key' && !(value as ApiKey).revokedAt ? [value as ApiKey] : [],
    );
  }

  secret(provider: string): StoredSecret | null {
    return this.#value('secret', provider);
  }

  settings(project: string): ProjectSettings | null {
    return this.#value('project', project);
  }

  #value<T>(kind: StateKind, key: string): T | null {
    return (this.#newest.get(`${kind}/${key}`)?.value as T | undefined) ?? null;
  }

  hasStudent(name: string): boolean {
    return this.#newest.has(`student/${name}`);
  }

  /** The number of the next version of a key: it counts on through deletions. */
  nextVersion(kind: StateKind, key: string): number {
    return (this.#newest.get(`${kind}/${key}`)?.version ?? 0) + 1;
  }

  /** Refuses a target that names a student which the project has not. */
  requireStudents(alias: AliasInput): void {
    for (const target of [...alias.targets.map((weighted) => weighted.target), ...alias.fallbacks]) {
      const parsed = parseTarget(target);
      if (parsed?.kind === 'student' && !this.hasStudent(parsed.name))
        throw refusal('not_found', `targets: there is no student "${parsed.name}" in this project`);
      if (parsed?.kind === 'router') throw refusal('not_found', `targets: there is no router "${parsed.name}" in this project`);
    }
  }
}

/** Whether a put would change nothing but the reason. */
export function isSameAlias(current: AliasVersion | null, wanted: AliasInput): boolean {
  if (!current || current.deleted) return false;
  return JSON.stringify(routeOfAlias(current)) === JSON.stringify(routeOfAlias(wanted));
}
