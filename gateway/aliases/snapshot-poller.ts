import type { RegistrySnapshot, StateVersion } from '../../contracts/registry.ts';
import type { Logger } from '../../platform/logger.ts';
import { applyVersions, emptySnapshot } from './apply-versions.ts';
import { projectsOnDisk, readSnapshot, writeSnapshot } from './snapshot-file.ts';
import type { ProjectSnapshots } from './snapshot-holder.ts';

/** What the poller reads; `store/clickhouse/state-versions.ts`. */
export interface StateSource {
  currentState(project: string): Promise<StateVersion[]>;
  stateSince(project: string, sequence: number): Promise<StateVersion[]>;
  /** Of all projects there are. Without it only those of the options are followed. */
  newestSequences?(): Promise<ReadonlyMap<string, number>>;
}

export interface PollerOptions {
  /** Those that must be there before the gateway is ready; others are found, on disk and in ClickHouse. */
  projects: readonly string[];
  folder: string;
  source: StateSource;
  /** Asks the registry to write a project's first version; called until there is one. */
  ensure: (project: string) => Promise<void>;
  /** Called with every snapshot that is taken up, the one from disk too. */
  onSnapshot?: (snapshot: RegistrySnapshot) => void;
  everyMs?: number;
  log: Logger;
}

/** A holder that follows ClickHouse until it is closed. */
export interface SnapshotPoller extends ProjectSnapshots {
  /** Whether ClickHouse has told of every project once. */
  followed(): boolean;
  close(): void;
}

const EVERY_MS = 500;
/** Every so many polls all state is read: a database that was put back to an earlier day is noticed so. */
const WHOLE_EVERY = 20;

/** Loads the snapshots from disk and keeps them up to date, a change within `everyMs`. */
export function followRegistry(options: PollerOptions): SnapshotPoller {
  const poller = new Poller(options);
  return {
    current: (project) => poller.snapshots.get(project) ?? emptySnapshot(project),
    refresh: (project) => poller.refresh(project),
    projects: () => [...poller.snapshots.keys()],
    ready: () => options.projects.every((project) => (poller.snapshots.get(project)?.sequence ?? 0) > 0),
    followed: () => poller.followed,
    close: () => poller.close(),
  };
}

class Poller {
  readonly snapshots = new Map<string, RegistrySnapshot>();
  followed = false;
  readonly #options: PollerOptions;
  #polls = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #ensuring = false;
  #failing = false;

  constructor(options: PollerOptions) {
    this.#options = options;
    for (const project of new Set([...options.projects, ...projectsOnDisk(options.folder)])) {
      const snapshot = readSnapshot(options.folder, project, options.log) ?? emptySnapshot(project);
      this.snapshots.set(project, snapshot);
      options.onSnapshot?.(snapshot);
    }
    void this.#poll();
  }

  async refresh(project: string): Promise<RegistrySnapshot> {
    const before = this.snapshots.get(project) ?? emptySnapshot(project);
    return this.#advance(project, await this.#options.source.stateSince(project, before.sequence));
  }

  async #poll(): Promise<void> {
    try {
      await this.#followAll();
      this.followed = true;
      if (this.#failing) this.#options.log.info('the registry can be followed again');
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        this.#options.log.warn({ reason: (error as Error).message }, 'the registry cannot be followed now: the last snapshot goes on');
      this.#failing = true;
      // The first successful poll reads all.
      this.#polls = -1;
    }
    for (const project of this.#options.projects) if (this.snapshots.get(project)!.sequence === 0) this.#ensure(project);
    this.#polls++;
    if (!this.#closed) this.#timer = setTimeout(() => void this.#poll(), this.#options.everyMs ?? EVERY_MS).unref();
  }

  /** One query tells which projects have news, however many there are. */
  async #followAll(): Promise<void> {
    const whole = this.#polls % WHOLE_EVERY === 0;
    const newest = await this.#options.source.newestSequences?.();
    const projects = newest ? new Set([...this.snapshots.keys(), ...newest.keys()]) : this.#options.projects;
    for (const project of projects) {
      if (whole) await this.#readWhole(project);
      else if (!newest || (newest.get(project) ?? 0) > this.#sequenceOf(project)) await this.refresh(project);
    }
  }

  #sequenceOf(project: string): number {
    return this.snapshots.get(project)?.sequence ?? 0;
  }

  async #readWhole(project: string): Promise<void> {
    const before = this.snapshots.get(project);
    const versions = await this.#options.source.currentState(project);
    // A refresh has gone ahead meanwhile: what was read may be older than what it found.
    if (this.snapshots.get(project) !== before) return;
    const newest = versions.reduce((most, version) => Math.max(most, version.sequence), 0);
    // An empty registry is a new database, not a deletion: what we have goes on until the registry speaks.
    if (newest === 0 || newest === (before?.sequence ?? 0)) return;
    this.#replace(applyVersions(emptySnapshot(project), versions));
  }

  #advance(project: string, versions: readonly StateVersion[]): RegistrySnapshot {
    const before = this.snapshots.get(project) ?? emptySnapshot(project);
    // Two refreshes at once: what the other one has applied is not applied again.
    const news = versions.filter((version) => version.sequence > before.sequence);
    if (news.length > 0) this.#replace(applyVersions(before, news));
    return this.snapshots.get(project) ?? before;
  }

  #replace(snapshot: RegistrySnapshot): void {
    this.snapshots.set(snapshot.project, snapshot);
    this.#options.onSnapshot?.(snapshot);
    try {
      writeSnapshot(this.#options.folder, snapshot);
    } catch (error) {
      this.#options.log.error({ err: error }, 'the snapshot could not be kept on disk');
    }
  }

  #ensure(project: string): void {
    if (this.#ensuring) return;
    this.#ensuring = true;
    this.#options
      .ensure(project)
      .catch((error: unknown) => this.#options.log.debug({ reason: (error as Error).message }, 'the registry does not answer yet'))
      .finally(() => (this.#ensuring = false));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
