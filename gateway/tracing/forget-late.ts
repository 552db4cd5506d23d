import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { findForgotten, hasForgotten, imagesOfForgotten, removeForgotten } from '../../store/clickhouse/forget.ts';
import { deleteImage } from '../../store/images/stored-images.ts';

/** Removes what arrived of a project's forgotten calls after they were: from a spool that lay still, or from a call in flight. */
export async function forgetLate(client: ClickHouseClient, artifacts: ArtifactStore, project: string): Promise<boolean> {
  if (!(await hasForgotten(client, project))) return false;
  await findForgotten(client, project);
  for (const image of await imagesOfForgotten(client, project)) await deleteImage(artifacts, project, image);
  return removeForgotten(client, project);
}
