import { z } from 'zod';
import type { Overview } from '../../contracts/http.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

/** The part of the overview that traces tell. */
export type TrafficOverview = Pick<Overview, 'calls' | 'errors' | 'costUsd' | 'p50Ms' | 'p95Ms' | 'byTarget' | 'byHour'>;

const Parameters = z.object({ project: z.string(), since: z.string() });
const WHERE =
  "WHERE project = {project:String} AND minute >= toStartOfMinute(parseDateTimeBestEffort({since:String}, 'UTC')) AND origin = 'app'";
const counters = { calls_sum: z.number(), errors: z.number(), cost_sum: z.number().nullable() };
// A sum over unpriced calls only is unknown, not 0.
const COUNTERS =
  "sum(calls) AS calls_sum, sumIf(calls, status = 'error') AS errors, if(calls_sum = sum(unpriced), NULL, sum(cost_usd)) AS cost_sum";
const QUANTILES = 'quantilesTDigestMerge(0.5, 0.95)(latency) AS quantiles';

const TOTALS = defineQuery({
  name: 'overview',
  sql: `SELECT ${COUNTERS}, ${QUANTILES}, if(calls_sum = 0, NULL, quantiles[1]) AS p50, if(calls_sum = 0, NULL, quantiles[2]) AS p95 FROM ${TABLES.usageMinutes} ${WHERE}`,
  parameters: Parameters,
  row: z.object({ ...counters, p50: z.number().nullable(), p95: z.number().nullable() }),
});

const BY_TARGET = defineQuery({
  name: 'overview by target',
  sql: `SELECT target, ${COUNTERS}, ${QUANTILES}, quantiles[1] AS p50 FROM ${TABLES.usageMinutes} ${WHERE} GROUP BY target ORDER BY calls_sum DESC, target LIMIT 50`,
  parameters: Parameters,
  row: z.object({ target: z.string(), ...counters, p50: z.number().nullable() }),
});

const BY_HOUR = defineQuery({
  name: 'overview by hour',
  sql: `SELECT toStartOfHour(minute) AS hour, ${COUNTERS} FROM ${TABLES.usageMinutes} ${WHERE} GROUP BY hour ORDER BY hour LIMIT 1000`,
  parameters: Parameters,
  row: z.object({ hour: z.string(), ...counters }),
});

/** Calls of apps since the minute of a time, from the roll-ups: totals, by target (the 50 busiest) and by hour (hours without calls are left out). */
export async function overviewSince(client: ClickHouseClient, project: string, sinceIso: string): Promise<TrafficOverview> {
  const parameters = { project, since: sinceIso };
  const [[totals], targets, hours] = await Promise.all([
    runQuery(client, TOTALS, parameters),
    runQuery(client, BY_TARGET, parameters),
    runQuery(client, BY_HOUR, parameters),
  ]);
  return {
    calls: totals?.calls_sum ?? 0,
    errors: totals?.errors ?? 0,
    costUsd: totals?.cost_sum ?? null,
    p50Ms: totals?.p50 ?? null,
    p95Ms: totals?.p95 ?? null,
    byTarget: targets.map((row) => ({
      target: row.target,
      calls: row.calls_sum,
      errors: row.errors,
      costUsd: row.cost_sum,
      p50Ms: row.p50,
    })),
    byHour: hours.map((row) => ({ at: row.hour, calls: row.calls_sum, errors: row.errors, costUsd: row.cost_sum })),
  };
}
