import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { findForgotten, hasForgotten } from '../../store/clickhouse/forget.ts';
import { forgetEverywhere } from '../../store/forget-everywhere.ts';

/** Removes what arrived of a project's forgotten calls after they were: from a spool that lay still, or from a call in flight. */
export async function forgetLate(client: ClickHouseClient, artifacts: ArtifactStore, project: string): Promise<boolean> {
  if (!(await hasForgotten(client, project))) return false;
  await findForgotten(client, project);
  return (await forgetEverywhere(client, artifacts, project)).rows;
}
