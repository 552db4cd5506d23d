import { condition, setCurrentDetails } from '@temporalio/workflow';
import type { RegistryActivities } from '../activities/registry-store.ts';
import { type AliasInput, type AliasVersion, routeOfAlias } from '../contracts/aliases.ts';
import type { Student } from '../contracts/distil.ts';
import type { ApiKey, StoredSecret } from '../contracts/keys.ts';
import type {
  DeleteAlias,
  PlaceStudent,
  ProjectSettings,
  PutAlias,
  PutKey,
  PutProject,
  PutSecret,
  PutStudent,
  RevokeKey,
  RollbackAlias,
} from '../contracts/registry.ts';
import { refusal } from './failures.ts';
import { proposeKey, proposeProject, proposeRevocation, proposeSecret } from './registry-keys.ts';
import { type Proposal, RegistryState, isSameAlias } from './registry-state.ts';
import { SerialQueue } from './serial-queue.ts';

/** What every update carries. */
export interface Change {
  requestId: string;
  actor: string;
}

/** The changes that a project's registry makes, one after the other. */
export class RegistryChanges {
  /** Updates that this run has taken. */
  handled = 0;
  readonly answers: Map<string, unknown>;
  readonly #project: string;
  readonly #activities: RegistryActivities;
  readonly #state = new RegistryState();
  readonly #queue = new SerialQueue();
  #loaded = false;

  constructor(project: string, activities: RegistryActivities, answered: Iterable<[string, unknown]>) {
    this.#project = project;
    this.#activities = activities;
    this.answers = new Map(answered);
  }

  /** Loads what earlier runs wrote; changes wait for it. */
  async load(): Promise<void> {
    for (const version of await this.#activities.loadState({ project: this.#project })) this.#state.apply(version);
    this.#loaded = true;
    this.#describe();
  }

  async ensure(request: Change): Promise<{ sequence: number }> {
    await this.#change(request, async () => {
      if (this.#state.sequence > 0) return { unchanged: null };
      const key = this.#project;
      return { kind: 'project', key, version: 1, value: { name: key }, reason: 'the project begins' };
    });
    return { sequence: this.#state.sequence };
  }

  putAlias(request: PutAlias): Promise<AliasVersion> {
    return this.#change<AliasVersion>(request, async (at) => this.#aliasProposal(request, request.name, request.alias, at));
  }

  deleteAlias(request: DeleteAlias): Promise<AliasVersion> {
    return this.#change<AliasVersion>(request, async (at) => {
      const { name, reason, actor } = request;
      const current = this.#requireAlias(name);
      if (current.deleted) return { unchanged: current };
      const version = this.#state.nextVersion('alias', name);
      const value: AliasVersion = { name, version, targets: [], fallbacks: [], reason, actor, createdAt: at, deleted: true };
      return { kind: 'alias', key: name, version, value, reason };
    });
  }

  rollbackAlias(request: RollbackAlias): Promise<AliasVersion> {
    const { name, rollback } = request;
    return this.#change<AliasVersion>(request, async (at) => {
      const current = this.#requireAlias(name);
      const wanted = rollback.version ?? current.version - 1;
      if (wanted < 1) throw refusal('conflict', `Alias "${name}" has one version only: there is nothing to go back to.`);
      if (wanted > current.version)
        throw refusal('not_found', `Alias "${name}" has no version ${wanted}; the newest is ${current.version}.`);
      const version = { project: this.#project, name, version: wanted };
      const earlier = wanted === current.version ? current : await this.#activities.readAliasVersion(version);
      if (earlier.deleted) throw refusal('conflict', `Version ${wanted} of alias "${name}" is a deletion; name a version with targets.`);
      const reason = rollback.reason || `back to version ${wanted}`;
      return this.#aliasProposal(request, name, { ...routeOfAlias(earlier), reason }, at);
    });
  }

  putStudent(request: PutStudent): Promise<Student> {
    const { name, lineage } = request.student;
    return this.#change<Student>(request, async () => {
      const version = this.#state.nextVersion('student', name);
      const value: Student = { ...request.student, version };
      return { kind: 'student', key: name, version, value, reason: lineage ? `distillation ${lineage.distillation}` : 'imported' };
    });
  }

  placeStudent({ name, placement, ...request }: PlaceStudent): Promise<Student> {
    return this.#change<Student>(request, async () => {
      const current = this.#state.student(name);
      if (!current) throw refusal('not_found', `There is no student "${name}".`);
      if (current.kind === 'hosted') throw refusal('invalid_request', `Student "${name}" is hosted: the provider that tuned it serves it.`);
      if (current.kind !== 'language-model')
        throw refusal('invalid_request', `Student "${name}" is an encoder: every gateway answers with it itself.`);
      if ((current.placement ?? null) === placement) return { unchanged: current };
      const version = this.#state.nextVersion('student', name);
      const value: Student = { ...current, placement, version };
      return { kind: 'student', key: name, version, value, reason: `placed on ${placement ?? 'local'}` };
    });
  }

  putKey(request: PutKey): Promise<ApiKey> {
    return this.#change<ApiKey>(request, async (at) => proposeKey(this.#state, request, { project: this.#project, at }));
  }

  revokeKey(request: RevokeKey): Promise<ApiKey> {
    return this.#change<ApiKey>(request, async (at) => proposeRevocation(this.#state, request, { project: this.#project, at }));
  }

  putSecret(request: PutSecret): Promise<StoredSecret> {
    return this.#change<StoredSecret>(request, async (at) => proposeSecret(this.#state, request, { project: this.#project, at }));
  }

  putProject(request: PutProject): Promise<ProjectSettings> {
    return this.#change<ProjectSettings>(request, async (at) => proposeProject(this.#state, request, { project: this.#project, at }));
  }

  #aliasProposal(request: Change, name: string, alias: AliasInput, at: string): Proposal | { unchanged: AliasVersion } {
    this.#state.requireStudents(alias);
    const current = this.#state.alias(name);
    if (current && isSameAlias(current, alias)) return { unchanged: current };
    const version = this.#state.nextVersion('alias', name);
    const { reason } = alias;
    const value: AliasVersion = { name, version, ...routeOfAlias(alias), reason, actor: request.actor, createdAt: at, deleted: false };
    return { kind: 'alias', key: name, version, value, reason };
  }

  #requireAlias(name: string): AliasVersion {
    const current = this.#state.alias(name);
    if (!current) throw refusal('not_found', `There is no alias "${name}".`);
    return current;
  }

  /** Makes one change after all that came before it; the same request again gives the first answer. */
  async #change<T>(request: Change, make: (at: string) => Promise<Proposal | { unchanged: T }>): Promise<T> {
    await condition(() => this.#loaded);
    return this.#queue.run(async () => {
      this.handled++;
      const { requestId, actor } = request;
      const first = this.answers.get(requestId);
      if (first !== undefined) return first as T;
      // Asked before the rules are: what was right the first time may be refused by now.
      const earlier = await this.#activities.findRequest({ project: this.#project, requestId });
      if (earlier) return earlier.value as T;
      const at = new Date().toISOString();
      const made = await make(at);
      if ('unchanged' in made) {
        this.answers.set(requestId, made.unchanged);
        return made.unchanged;
      }
      const sequence = this.#state.sequence + 1;
      const version = { ...made, project: this.#project, sequence, requestId, actor, createdAt: at };
      await this.#activities.appendState(version);
      this.#state.apply(version);
      this.#describe();
      return version.value as T;
    });
  }

  #describe(): void {
    setCurrentDetails(`Project **${this.#project}**: ${this.#state.sequence} changes; this run has taken ${this.handled} updates.`);
  }
}
