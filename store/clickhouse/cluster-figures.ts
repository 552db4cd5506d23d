import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';
import { millisecondsOf } from './traces.ts';

/** What a cluster's traces come to. */
export interface ClusterFigures {
  clusterId: string;
  /** Outliers left out. */
  size: number;
  outliers: number;
  errors: number;
  /** null where no call has a price. */
  costUsd: number | null;
  p50Ms: number | null;
  tokensIn: number;
  tokensOut: number;
  firstAt: string;
  lastAt: string;
  /** Traces after the run and before it, and their mean cosine to the centre. */
  later: { size: number; similarity: number | null };
  earlier: { size: number; similarity: number | null };
}

// A trace keeps its time, so that versions of its row lie in one partition.
const FINAL = 'SETTINGS do_not_merge_across_partitions_select_final = 1';

const BY_CLUSTER = defineQuery({
  name: 'figures of clusters',
  sql: `SELECT cluster_id, countIf(NOT outlier) AS size, countIf(outlier) AS outliers, countIf(status = 'error') AS errors, sum(cost_usd) AS cost_usd,
      quantile(0.5)(latency_ms) AS p50, sum(tokens_in) AS tokens_in, sum(tokens_out) AS tokens_out, min(ts) AS first_at, max(ts) AS last_at,
      countIf(ts >= at) AS later, if(later = 0, NULL, avgIf(similarity, ts >= at)) AS later_similarity,
      countIf(ts < at) AS earlier, if(earlier = 0, NULL, avgIf(similarity, ts < at)) AS earlier_similarity
    FROM (SELECT *, parseDateTime64BestEffort({runAt:String}, 3, 'UTC') AS at FROM ${TABLES.traceClusters} FINAL
      WHERE project = {project:String} AND cluster_id IN {ids:Array(String)} AND ts >= parseDateTime64BestEffort({since:String}, 3, 'UTC'))
    GROUP BY cluster_id ${FINAL}`,
  parameters: z.object({ project: z.string(), ids: z.array(z.string()), runAt: z.string(), since: z.string() }),
  row: z.object({
    cluster_id: z.string(),
    size: z.number(),
    outliers: z.number(),
    errors: z.number(),
    cost_usd: z.number().nullable(),
    p50: z.number().nullable(),
    tokens_in: z.number(),
    tokens_out: z.number(),
    first_at: z.string(),
    last_at: z.string(),
    later: z.number(),
    later_similarity: z.number().nullable(),
    earlier: z.number(),
    earlier_similarity: z.number().nullable(),
  }),
});

const MEMBERS = defineQuery({
  name: 'members of a cluster',
  sql: `SELECT trace_id, ts, similarity, outlier FROM ${TABLES.traceClusters} FINAL
    WHERE project = {project:String} AND cluster_id = {cluster:String} AND NOT outlier
    ORDER BY similarity DESC, ts DESC, trace_id LIMIT {limit:UInt32} ${FINAL}`,
  parameters: z.object({ project: z.string(), cluster: z.string(), limit: z.number() }),
  row: z.object({ trace_id: z.string(), ts: z.string(), similarity: z.number(), outlier: z.boolean() }),
});

const TEXTS = defineQuery({
  name: 'texts of members',
  sql: `SELECT id, ts, substringUTF8(prompt_text, 1, 400) AS prompt, substringUTF8(answer_text, 1, 200) AS answer FROM ${TABLES.traces}
    WHERE project = {project:String} AND ts BETWEEN parseDateTime64BestEffort({from:String}, 3, 'UTC') AND parseDateTime64BestEffort({to:String}, 3, 'UTC')
      AND id IN {ids:Array(UUID)} LIMIT 1 BY id`,
  parameters: z.object({ project: z.string(), ids: z.array(z.string()), from: z.string(), to: z.string() }),
  row: z.object({ id: z.string(), ts: z.string(), prompt: z.string(), answer: z.string() }),
});

/** Figures of clusters from `since` on; a cluster without a trace is left out. `runAt` divides earlier from later traces. */
export async function clusterFigures(
  client: ClickHouseClient,
  project: string,
  by: { ids: readonly string[]; runAt: string; since?: string | undefined },
): Promise<Map<string, ClusterFigures>> {
  if (by.ids.length === 0) return new Map();
  const since = by.since ?? '1970-01-01T00:00:00.000Z';
  const rows = await runQuery(client, BY_CLUSTER, { project, ids: [...by.ids], runAt: by.runAt, since });
  return new Map(
    rows.map((row) => [
      row.cluster_id,
      {
        clusterId: row.cluster_id,
        size: row.size,
        outliers: row.outliers,
        errors: row.errors,
        costUsd: row.cost_usd,
        p50Ms: row.p50,
        tokensIn: row.tokens_in,
        tokensOut: row.tokens_out,
        firstAt: row.first_at,
        lastAt: row.last_at,
        later: { size: row.later, similarity: row.later_similarity },
        earlier: { size: row.earlier, similarity: row.earlier_similarity },
      },
    ]),
  );
}

/** Members nearest the centre, nearest first. */
export async function nearestMembers(
  client: ClickHouseClient,
  project: string,
  clusterId: string,
  limit: number,
): Promise<{ traceId: string; ts: string; similarity: number; outlier: boolean }[]> {
  const rows = await runQuery(client, MEMBERS, { project, cluster: clusterId, limit });
  return rows.map(({ trace_id: traceId, ...rest }) => ({ traceId, ...rest }));
}

/** When the traces were, what they asked and what was answered, by id. An id is a UUIDv7, which holds its time. */
export async function textsOfTraces(
  client: ClickHouseClient,
  project: string,
  ids: readonly string[],
): Promise<Map<string, { ts: string; prompt: string; answer: string }>> {
  if (ids.length === 0) return new Map();
  const times = ids.map(millisecondsOf).sort((a, b) => a - b);
  const iso = (ms: number) => new Date(ms).toISOString();
  const rows = await runQuery(client, TEXTS, { project, ids: [...ids], from: iso(times[0]!), to: iso(times.at(-1)!) });
  return new Map(rows.map(({ id, ...texts }) => [id, texts]));
}
