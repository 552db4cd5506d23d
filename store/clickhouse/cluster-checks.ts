import { z } from 'zod';
import { ClusterCheck } from '../../contracts/clusters.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/** A check as it is stored: what its clusters are called is in `clusters`. */
export type RecordedCheck = Omit<ClusterCheck, 'sides'> & { sides: { clusterId: string; texts: number }[] };

const Row = z.object({
  kind: ClusterCheck.shape.kind,
  verdict: z.string(),
  outcome: ClusterCheck.shape.outcome,
  reason: z.string(),
  model: z.string(),
  prompt_version: z.number(),
  cost_usd: z.number().nullable(),
  trace_id: z.string(),
  cosine: z.number(),
  sides: z.array(z.object({ cluster_id: z.string(), texts: z.number() })),
});

const OF_RUN = defineQuery({
  name: 'checks of a run of clusters',
  sql: `SELECT ${Object.keys(Row.shape).join(', ')} FROM ${TABLES.clusterChecks}
    WHERE project = {project:String} AND run_id = {run:String} ORDER BY place LIMIT 1 BY place`,
  parameters: z.object({ project: z.string(), run: z.string() }),
  row: Row,
});

/** Stores what came of a run's checks, in their order; the same again are dropped. */
export async function insertClusterChecks(
  client: ClickHouseClient,
  { project, runId, at }: { project: string; runId: string; at: string },
  checks: readonly RecordedCheck[],
): Promise<void> {
  if (checks.length === 0) return;
  const rows = checks.map(({ verdict, promptVersion, costUsd, traceId, sides, ...check }, place) => ({
    project,
    run_id: runId,
    place,
    recorded_at: at,
    ...check,
    verdict: verdict ?? '',
    prompt_version: promptVersion,
    cost_usd: costUsd,
    trace_id: traceId ?? '',
    sides: sides.map(({ clusterId, texts }) => ({ cluster_id: clusterId, texts })),
  }));
  await insertRows(client, TABLES.clusterChecks, rows, contentToken('cluster-checks', rows));
}

/** What came of a run's checks, in their order. */
export async function clusterChecksOfRun(client: ClickHouseClient, project: string, runId: string): Promise<RecordedCheck[]> {
  return (await runQuery(client, OF_RUN, { project, run: runId })).map(
    ({ verdict, prompt_version: promptVersion, cost_usd: costUsd, trace_id: traceId, sides, ...check }) => ({
      ...check,
      verdict: ClusterCheck.shape.verdict.parse(verdict === '' ? null : verdict),
      promptVersion,
      costUsd,
      traceId: traceId === '' ? null : traceId,
      sides: sides.map(({ cluster_id: clusterId, texts }) => ({ clusterId, texts })),
    }),
  );
}
