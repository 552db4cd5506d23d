import { AliasVersion } from '../contracts/aliases.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { StateVersion } from '../contracts/registry.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { appendStateVersions, byRequestId, currentState, versionsOf } from '../store/clickhouse/state-versions.ts';

/** What the `registry` workflow asks of ClickHouse. */
export type RegistryActivities = ReturnType<typeof createRegistryActivities>;

export function createRegistryActivities(deps: { clickhouse: ClickHouseClient }) {
  return {
    /**
     * The newest version of every key, of students only that they are there: with their evaluations a few hundred would be
     * more than Temporal passes on. Safe to retry because it only reads.
     */
    async loadState(input: { project: string }): Promise<StateVersion[]> {
      const versions = await currentState(deps.clickhouse, input.project);
      return versions.map((version) => (version.kind === 'student' ? { ...version, value: {} } : version));
    },

    /** What a request wrote, if it was made before. Safe to retry because it only reads. */
    async findRequest(input: { project: string; requestId: string }): Promise<StateVersion | null> {
      return (await byRequestId(deps.clickhouse, input.project, input.requestId))[0] ?? null;
    },

    /** Appends one version. Safe to retry because a request id is stored once: a second attempt leaves it alone. */
    appendState: (version: StateVersion): Promise<void> => appendStateVersions(deps.clickhouse, [version]),

    /** One version of an alias. Safe to retry because it only reads. */
    async readAliasVersion(input: { project: string; name: string; version: number }): Promise<AliasVersion> {
      const versions = await versionsOf(deps.clickhouse, input.project, 'alias', input.name);
      const found = versions.find((version) => version.version === input.version);
      if (!found) throw new StillhouseError('not_found', `Alias "${input.name}" has no version ${input.version}.`);
      return AliasVersion.parse(found.value);
    },
  };
}
