import type { ArtifactStore } from './artifacts/artifact-store.ts';
import { deleteFilesWith } from './artifacts/forget-artifacts.ts';
import type { ClickHouseClient } from './clickhouse/connection.ts';
import { forgottenRowIds, forgottenTexts, imagesOfForgotten, removeForgotten } from './clickhouse/forget.ts';
import { deleteImage } from './images/stored-images.ts';

/** What was removed. */
export interface Removed {
  /** Files and images. */
  artifacts: number;
  /** Whether there were rows. */
  rows: boolean;
}

/**
 * Removes what a project has on record as to be forgotten: files and images first, for they are found by what the tables hold,
 * the traces last. The same again removes what is left. `moved` is called now and then with the artifacts removed so far, and
 * throws where it is to end.
 */
export async function forgetEverywhere(
  client: ClickHouseClient,
  artifacts: ArtifactStore,
  project: string,
  moved: (removed: number) => void = () => undefined,
): Promise<Removed> {
  let removed = 0;
  for (const needles of [forgottenTexts(client, project), forgottenRowIds(client, project)]) {
    for await (const some of needles) {
      removed += await deleteFilesWith(artifacts, project, some);
      moved(removed);
    }
  }
  for (const image of await imagesOfForgotten(client, project)) {
    await deleteImage(artifacts, project, image);
    removed++;
  }
  return { artifacts: removed, rows: await removeForgotten(client, project) };
}
