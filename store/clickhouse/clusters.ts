import { z } from 'zod';
import { type ClusterNaming, ClusterTask, NAMED_BY } from '../../contracts/clusters.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/** A cluster as a run has found and named it. */
export interface FoundCluster extends ClusterNaming {
  project: string;
  scope: string;
  runId: string;
  id: string;
  recordedAt: string;
  keywords: string[];
  /** Mean of the members' unit vectors. */
  centre: number[];
  /** What all vectors of the run have in common: the same in all its clusters. */
  mean: number[];
  embedderSha256: string;
  texts: number;
  coherence: number;
  similarity: number;
  /** A vector whose cosine to the centre is below this is an outlier. */
  outlierBelow: number;
  /** Identity of the system prompt that nearly all members have; null: of none. */
  system: string | null;
  x: number;
  y: number;
  keptFrom: number;
  task: ClusterTask;
  borderline: { traceId: string; otherId: string; margin: number }[];
}

const Row = z.object({
  project: z.string(),
  scope: z.string(),
  run_id: z.string(),
  cluster_id: z.string(),
  recorded_at: z.string(),
  name: z.string(),
  named_by: z.enum(NAMED_BY),
  description: z.string(),
  inclusion: z.string(),
  exclusion: z.string(),
  keywords: z.array(z.string()),
  centre: z.array(z.number()),
  mean: z.array(z.number()),
  embedder_sha256: z.string(),
  texts: z.number(),
  coherence: z.number(),
  similarity: z.number(),
  outlier_below: z.number(),
  system: z.string(),
  map_x: z.number(),
  map_y: z.number(),
  kept_from: z.number(),
  task: z.string(),
  borderline: z.array(z.object({ trace_id: z.string(), other_id: z.string(), margin: z.number() })),
});

const OF_RUN = defineQuery({
  name: 'clusters of a run',
  sql: `SELECT ${Object.keys(Row.shape).join(', ')} FROM ${TABLES.clusters}
    WHERE project = {project:String} AND scope = {scope:String} AND run_id = {run:String} ORDER BY cluster_id LIMIT 1 BY cluster_id`,
  parameters: z.object({ project: z.string(), scope: z.string(), run: z.string() }),
  row: Row,
});

/** Stores what a run has found; the same clusters again are dropped. */
export async function insertClusters(client: ClickHouseClient, clusters: readonly FoundCluster[]): Promise<void> {
  const rows = clusters.map((cluster) => ({
    project: cluster.project,
    scope: cluster.scope,
    run_id: cluster.runId,
    cluster_id: cluster.id,
    recorded_at: cluster.recordedAt,
    name: cluster.name,
    named_by: cluster.namedBy,
    description: cluster.description,
    inclusion: cluster.inclusion,
    exclusion: cluster.exclusion,
    keywords: cluster.keywords,
    centre: cluster.centre,
    mean: cluster.mean,
    embedder_sha256: cluster.embedderSha256,
    texts: cluster.texts,
    coherence: cluster.coherence,
    similarity: cluster.similarity,
    outlier_below: cluster.outlierBelow,
    system: cluster.system ?? '',
    map_x: cluster.x,
    map_y: cluster.y,
    kept_from: cluster.keptFrom,
    task: JSON.stringify(cluster.task),
    borderline: cluster.borderline.map(({ traceId, otherId, margin }) => ({ trace_id: traceId, other_id: otherId, margin })),
  }));
  await insertRows(client, TABLES.clusters, rows, contentToken('clusters', rows));
}

/** What a run has found, by id. */
export async function clustersOfRun(
  client: ClickHouseClient,
  project: string,
  { scope, runId }: { scope: string; runId: string },
): Promise<FoundCluster[]> {
  return (await runQuery(client, OF_RUN, { project, scope, run: runId })).map(toCluster);
}

function toCluster(row: z.output<typeof Row>): FoundCluster {
  return {
    project: row.project,
    scope: row.scope,
    runId: row.run_id,
    id: row.cluster_id,
    recordedAt: row.recorded_at,
    name: row.name,
    namedBy: row.named_by,
    description: row.description,
    inclusion: row.inclusion,
    exclusion: row.exclusion,
    keywords: row.keywords,
    centre: row.centre,
    mean: row.mean,
    embedderSha256: row.embedder_sha256,
    texts: row.texts,
    coherence: row.coherence,
    similarity: row.similarity,
    outlierBelow: row.outlier_below,
    system: row.system || null,
    x: row.map_x,
    y: row.map_y,
    keptFrom: row.kept_from,
    task: ClusterTask.parse(JSON.parse(row.task)),
    borderline: row.borderline.map((one) => ({ traceId: one.trace_id, otherId: one.other_id, margin: one.margin })),
  };
}
