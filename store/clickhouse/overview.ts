import { z } from 'zod';
import type { Overview } from '../../contracts/http.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

/** The part of the overview that traces tell. */
export type TrafficOverview = Pick<Overview, 'calls' | 'errors' | 'costUsd' | 'p50Ms' | 'p95Ms' | 'byTarget' | 'byHour'>;

const Parameters = z.object({ project: z.string(), since: z.string() });
const WHERE = "WHERE project = {project:String} AND ts >= parseDateTime64BestEffort({since:String}, 3, 'UTC') AND origin = 'app'";
const counters = { calls: z.number(), errors: z.number(), cost_usd: z.number().nullable() };
// A sum over unpriced calls only is unknown, not 0: sum() of nothing but NULL is NULL.
const COUNTERS = "count() AS calls, countIf(status = 'error') AS errors, sum(cost_usd) AS cost_usd";

const TOTALS = defineQuery({
  name: 'overview',
  sql: `SELECT ${COUNTERS}, if(calls = 0, NULL, quantile(0.5)(latency_ms)) AS p50, if(calls = 0, NULL, quantile(0.95)(latency_ms)) AS p95 FROM ${TABLES.traces} ${WHERE}`,
  parameters: Parameters,
  row: z.object({ ...counters, p50: z.number().nullable(), p95: z.number().nullable() }),
});

const BY_TARGET = defineQuery({
  name: 'overview by target',
  sql: `SELECT target, ${COUNTERS}, quantile(0.5)(latency_ms) AS p50 FROM ${TABLES.traces} ${WHERE} GROUP BY target ORDER BY calls DESC, target LIMIT 50`,
  parameters: Parameters,
  row: z.object({ target: z.string(), ...counters, p50: z.number().nullable() }),
});

const BY_HOUR = defineQuery({
  name: 'overview by hour',
  sql: `SELECT toStartOfHour(ts) AS hour, ${COUNTERS} FROM ${TABLES.traces} ${WHERE} GROUP BY hour ORDER BY hour LIMIT 1000`,
  parameters: Parameters,
  row: z.object({ hour: z.string(), ...counters }),
});

/** Calls of apps since a time: totals, by target (the 50 busiest) and by hour (hours without calls are left out). */
export async function overviewSince(client: ClickHouseClient, project: string, sinceIso: string): Promise<TrafficOverview> {
  const parameters = { project, since: sinceIso };
  const [[totals], targets, hours] = await Promise.all([
    runQuery(client, TOTALS, parameters),
    runQuery(client, BY_TARGET, parameters),
    runQuery(client, BY_HOUR, parameters),
  ]);
  return {
    calls: totals?.calls ?? 0,
    errors: totals?.errors ?? 0,
    costUsd: totals?.cost_usd ?? null,
    p50Ms: totals?.p50 ?? null,
    p95Ms: totals?.p95 ?? null,
    byTarget: targets.map((row) => ({ target: row.target, calls: row.calls, errors: row.errors, costUsd: row.cost_usd, p50Ms: row.p50 })),
    byHour: hours.map((row) => ({ at: row.hour, calls: row.calls, errors: row.errors, costUsd: row.cost_usd })),
  };
}
