import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../clickhouse/connection.ts';
import { deleteRowsBefore } from '../clickhouse/delete-rows.ts';
import { defineQuery, runQuery } from '../clickhouse/query.ts';
import { deleteImage } from './stored-images.ts';

/** So many a query. */
const AT_ONCE = 10_000;

const UNUSED = defineQuery({
  name: 'images that no trace names any more',
  sql: `SELECT toString(sha256) AS image FROM ${TABLES.imageUses} WHERE project = {project:String} AND sha256 > {after:String}
    GROUP BY sha256 HAVING max(ts) < fromUnixTimestamp64Milli({before:Int64}, 'UTC') ORDER BY sha256 LIMIT ${AT_ONCE}`,
  parameters: z.object({ project: z.string(), before: z.number(), after: z.string() }),
  row: z.object({ image: z.string() }),
});

/**
 * Deletes images of a project that only traces name which began before a time (milliseconds since 1970); the record of who
 * names them goes last, so that the same again deletes what is left. A trace that names one in the very moment in which it
 * is deleted keeps a reference to nothing.
 */
export async function deleteUnusedImages(
  client: ClickHouseClient,
  artifacts: ArtifactStore,
  project: string,
  before: number,
): Promise<void> {
  let after = '';
  for (;;) {
    const rows = await runQuery(client, UNUSED, { project, before, after });
    for (const { image } of rows) await deleteImage(artifacts, project, image);
    const last = rows.at(-1);
    if (!last || rows.length < AT_ONCE) break;
    after = last.image;
  }
  await deleteRowsBefore(client, TABLES.imageUses, project, before);
}
