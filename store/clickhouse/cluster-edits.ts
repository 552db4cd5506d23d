import { z } from 'zod';
import type { ClusterChanges, ClusterNaming } from '../../contracts/clusters.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const NEWEST = defineQuery({
  name: 'what people have called clusters',
  // argMax passes over NULL: of each field the newest that was stated.
  sql: `SELECT cluster_id, argMax(name, (at, inserted_at)) AS name, argMax(description, (at, inserted_at)) AS description,
      argMax(inclusion, (at, inserted_at)) AS inclusion, argMax(exclusion, (at, inserted_at)) AS exclusion
    FROM ${TABLES.clusterEdits} WHERE project = {project:String} GROUP BY cluster_id`,
  parameters: z.object({ project: z.string() }),
  row: z.object({
    cluster_id: z.string(),
    name: z.string().nullable(),
    description: z.string().nullable(),
    inclusion: z.string().nullable(),
    exclusion: z.string().nullable(),
  }),
});

/** A person's words for a cluster; null: none. */
export type ClusterEdit = { [field in keyof Required<ClusterChanges>]: string | null };

/** Records what a person has called a cluster. */
export async function recordClusterEdit(
  client: ClickHouseClient,
  project: string,
  edit: { clusterId: string; at: string; actor: string; changes: ClusterChanges },
): Promise<void> {
  const { name = null, description = null, inclusion = null, exclusion = null } = edit.changes;
  const row = { project, cluster_id: edit.clusterId, at: edit.at, actor: edit.actor, name, description, inclusion, exclusion };
  await insertRows(client, TABLES.clusterEdits, [row], contentToken('cluster-edit', row));
}

/** What people have called the project's clusters, by cluster id. */
export async function clusterEdits(client: ClickHouseClient, project: string): Promise<Map<string, ClusterEdit>> {
  const rows = await runQuery(client, NEWEST, { project });
  return new Map(rows.map(({ cluster_id: id, ...edit }) => [id, edit]));
}

/** A cluster's words with a person's over a model's. */
export function withEdit<T extends ClusterNaming>(cluster: T, edit: ClusterEdit | undefined): T {
  if (!edit) return cluster;
  const stated = Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== null));
  return { ...cluster, ...stated, ...(edit.name === null ? {} : { namedBy: 'person' }) };
}
