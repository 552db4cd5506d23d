import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { SourceCall } from './cluster-source.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';
import { millisecondsOf } from './traces.ts';

/** Where a trace belongs; an empty `clusterId` for one without a text. */
export interface Assignment {
  call: SourceCall;
  clusterId: string;
  similarity: number;
  outlier: boolean;
}

/** What has assigned: the newer `at` of two wins. */
export interface AssigningRun {
  project: string;
  runId: string;
  at: string;
}

const LAST_OF_RUN = defineQuery({
  name: 'last trace that a run has assigned',
  sql: `SELECT ts, toString(trace_id) AS id FROM ${TABLES.traceClusters} WHERE project = {project:String} AND run_id = {run:String}
    ORDER BY ts DESC, id DESC LIMIT 1`,
  parameters: z.object({ project: z.string(), run: z.string() }),
  row: z.object({ ts: z.string(), id: z.string() }),
});

const TALLY = defineQuery({
  name: 'what a run has assigned',
  sql: `SELECT uniqExact(trace_id) AS assigned, uniqExactIf(trace_id, outlier AND cluster_id != '') AS outliers,
      uniqExactIf(trace_id, cluster_id = '') AS without_text
    FROM ${TABLES.traceClusters} WHERE project = {project:String} AND run_id = {run:String}`,
  parameters: z.object({ project: z.string(), run: z.string() }),
  row: z.object({ assigned: z.number(), outliers: z.number(), without_text: z.number() }),
});

const OF_TRACES = defineQuery({
  name: 'clusters of traces',
  sql: `SELECT toString(trace_id) AS id, argMax(cluster_id, assigned_at) AS cluster FROM ${TABLES.traceClusters}
    WHERE project = {project:String} AND ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      AND trace_id IN {ids:Array(UUID)} GROUP BY id`,
  parameters: z.object({ project: z.string(), ids: z.array(z.string()), from: z.number(), to: z.number() }),
  row: z.object({ id: z.string(), cluster: z.string() }),
});
/** Ids a query: they travel in the URL. */
const IDS_PER_QUERY = 500;

/** Which cluster each of these traces is in, by trace id; those in none are left out. */
export async function clustersOfTraces(client: ClickHouseClient, project: string, ids: readonly string[]): Promise<Map<string, string>> {
  // In order of time, so that a query reads a short span.
  const sorted = [...new Set(ids)].sort();
  const found = new Map<string, string>();
  for (let at = 0; at < sorted.length; at += IDS_PER_QUERY) {
    const some = sorted.slice(at, at + IDS_PER_QUERY);
    const rows = await runQuery(client, OF_TRACES, {
      project,
      ids: some,
      from: millisecondsOf(some[0]!),
      to: millisecondsOf(some.at(-1)!),
    });
    for (const { id, cluster } of rows) if (cluster !== '') found.set(id, cluster);
  }
  return found;
}

/** The last trace, in order of time and id, that the run has assigned: as pages go in whole and in order, all before it are. */
export async function lastAssigned(client: ClickHouseClient, run: AssigningRun): Promise<{ ts: string; id: string } | null> {
  const [row] = await runQuery(client, LAST_OF_RUN, { project: run.project, run: run.runId });
  return row ?? null;
}

/** Stores assignments in the order given, month after month, so that an insert is whole or not there. */
export async function insertAssignments(client: ClickHouseClient, run: AssigningRun, assignments: readonly Assignment[]): Promise<void> {
  for (const ofMonth of Map.groupBy(assignments, ({ call }) => call.ts.slice(0, 7)).values()) {
    const rows = ofMonth.map(({ call, clusterId, similarity, outlier }) => ({
      project: run.project,
      trace_id: call.id,
      ts: call.ts,
      cluster_id: clusterId,
      similarity,
      outlier,
      run_id: run.runId,
      assigned_at: run.at,
      alias: call.alias,
      target: call.target,
      key_id: call.keyId,
      status: call.status,
      tokens_in: call.tokensIn,
      tokens_out: call.tokensOut,
      cost_usd: call.costUsd,
      latency_ms: call.latencyMs,
    }));
    await insertRows(client, TABLES.traceClusters, rows, contentToken('assigned', rows));
  }
}

/** How many traces a run has assigned, and to what. */
export async function assignedByRun(
  client: ClickHouseClient,
  run: AssigningRun,
): Promise<{ assigned: number; outliers: number; withoutText: number }> {
  const [row] = await runQuery(client, TALLY, { project: run.project, run: run.runId });
  return { assigned: row?.assigned ?? 0, outliers: row?.outliers ?? 0, withoutText: row?.without_text ?? 0 };
}
