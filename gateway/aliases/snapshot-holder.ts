import type { RegistrySnapshot } from '../../contracts/registry.ts';

/** What the gateway answers from: one immutable snapshot a project, replaced whole when the registry has changed. */
export interface SnapshotHolder {
  /** In memory; an unknown project has an empty one of sequence 0. */
  current(project: string): RegistrySnapshot;
  /** Asks ClickHouse now, so that a gateway sees its own write; throws `unavailable` where it can't be asked. */
  refresh(project: string): Promise<RegistrySnapshot>;
  /** Whether a first snapshot is there, from ClickHouse or from disk. */
  ready(): boolean;
}

/** One that knows which projects there are. */
export interface ProjectSnapshots extends SnapshotHolder {
  /** Projects of which there is a snapshot. */
  projects(): readonly string[];
}
