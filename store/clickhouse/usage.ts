import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import { TABLES } from '../../contracts/names.ts';
import type { UsageDimension, UsageQuery, UsageRow } from '../../contracts/usage.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

/** More groups are refused: nobody reads them, and a chart needs less. */
const MOST_GROUPS = 10_000;
const DAY_S = 86_400;
const MINUTE_S = 60;

/** What is asked, with its times settled. */
export type SettledUsageQuery = UsageQuery & { since: string; until: string };

const Parameters = z.object({
  project: z.string(),
  since: z.number(),
  until: z.number(),
  firstDay: z.number(),
  endDay: z.number(),
  alias: z.string().optional(),
  model: z.string().optional(),
  target: z.string().optional(),
  provider: z.string().optional(),
  status: z.string().optional(),
  cluster: z.string().optional(),
  key: z.string().optional(),
  origin: z.string().optional(),
});

const Row = z.object({
  alias: z.string().optional(),
  model: z.string().optional(),
  provider: z.string().optional(),
  key: z.string().optional(),
  cluster: z.string().optional(),
  day: z.string().optional(),
  calls_sum: z.number(),
  errors_sum: z.number(),
  unpriced_sum: z.number(),
  in_sum: z.number(),
  out_sum: z.number(),
  cached_sum: z.number().nullable(),
  cost_sum: z.number().nullable(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
});

/** Where usage is read from, in the words of one source. */
interface Source {
  from: string;
  /** Groups by these expressions. */
  dimensions: Record<UsageDimension, string>;
  sums: string;
}

const FILTERS: Readonly<Record<string, string>> = {
  alias: 'alias = {alias:String}',
  model: '(model = {model:String} OR target = {model:String})',
  target: 'target = {target:String}',
  provider: 'provider = {provider:String}',
  status: 'status = {status:String}',
  key: 'key_id = {key:String}',
  origin: 'origin = {origin:String}',
};

const time = (name: string) => `toDateTime({${name}:UInt32}, 'UTC')`;
const COLUMNS = 'alias, model, provider, key_id, status, calls, unpriced, tokens_in, tokens_out, tokens_cached, cost_usd, latency';
const ROLLED_UP = `sum(calls) AS calls_sum, sumIf(calls, status = 'error') AS errors_sum, sum(unpriced) AS unpriced_sum, sum(tokens_in) AS in_sum,
  sum(tokens_out) AS out_sum, toNullable(sum(tokens_cached)) AS cached_sum, if(calls_sum = unpriced_sum, NULL, sum(cost_usd)) AS cost_sum,
  quantilesTDigestMerge(0.5, 0.95)(latency) AS quantiles, quantiles[1] AS p50, quantiles[2] AS p95`;
const OF_CLUSTERS = `count() AS calls_sum, countIf(status = 'error') AS errors_sum, countIf(isNull(cost_usd)) AS unpriced_sum, sum(tokens_in) AS in_sum,
  sum(tokens_out) AS out_sum, CAST(NULL, 'Nullable(UInt64)') AS cached_sum, sum(cost_usd) AS cost_sum,
  quantilesTDigest(0.5, 0.95)(latency_ms) AS quantiles, quantiles[1] AS p50, quantiles[2] AS p95`;

/**
 * Usage of a project by groups. Whole days come from the roll-up by day, the rest of the span from the one by minute; by
 * cluster, from what the clusters know of their traces (pipeline calls are of none).
 */
export async function usageOf(client: ClickHouseClient, project: string, query: SettledUsageQuery): Promise<UsageRow[]> {
  const span = spanOf(query);
  const byCluster = query.by.includes('cluster') || query.cluster !== undefined;
  if (byCluster && query.origin === 'pipeline')
    throw new StillhouseError('invalid_request', 'Calls of the pipeline are of no cluster: leave out "cluster" or "origin".', {
      param: 'origin',
    });
  const source = byCluster ? clusterSource(query) : rollupSource(query, span);
  const groups = query.by.map((dimension) => `${source.dimensions[dimension]} AS \`${dimension}\``);
  const names = query.by.map((dimension) => `\`${dimension}\``);
  const order = query.by.includes('day') ? '`day`, cost_sum DESC NULLS LAST, calls_sum DESC' : 'cost_sum DESC NULLS LAST, calls_sum DESC';
  const statement = defineQuery({
    name: 'usage',
    sql: `SELECT ${[...groups, source.sums].join(', ')} FROM ${source.from}
      ${names.length > 0 ? `GROUP BY ${names.join(', ')}` : ''} ORDER BY ${[order, ...names].join(', ')}`,
    parameters: Parameters,
    row: Row,
    limits: { max_result_rows: MOST_GROUPS },
  });
  const { by: _, since: __, until: ___, ...filters } = query;
  const rows = await runQuery(client, statement, { project, ...span, ...filters });
  return rows.map((row) => toUsage(row, query.by));
}

/** Seconds since 1970: whole minutes, and the whole days within them. */
function spanOf({ since, until }: SettledUsageQuery): { since: number; until: number; firstDay: number; endDay: number } {
  const from = Math.floor(Date.parse(since) / 1000 / MINUTE_S) * MINUTE_S;
  const to = Math.ceil(Date.parse(until) / 1000 / MINUTE_S) * MINUTE_S;
  const firstDay = Math.ceil(from / DAY_S) * DAY_S;
  return { since: from, until: to, firstDay, endDay: Math.max(firstDay, Math.floor(to / DAY_S) * DAY_S) };
}

function filtersOf(query: UsageQuery): string[] {
  return Object.entries(FILTERS).flatMap(([name, condition]) => (query[name as keyof UsageQuery] === undefined ? [] : [condition]));
}

function rollupSource(query: UsageQuery, { since, until, firstDay, endDay }: ReturnType<typeof spanOf>): Source {
  const where = ['project = {project:String}', ...filtersOf(query)].join(' AND ');
  const parts: string[] = [];
  if (endDay > firstDay) {
    const days = `day >= toDate(${time('firstDay')}) AND day < toDate(${time('endDay')})`;
    parts.push(`SELECT day AS at, ${COLUMNS} FROM ${TABLES.usageDays} WHERE ${where} AND ${days}`);
  }
  if (endDay <= firstDay || since < firstDay || until > endDay) {
    const edges = `minute >= ${time('since')} AND minute < ${time('until')} AND (minute < ${time('firstDay')} OR minute >= ${time('endDay')})`;
    parts.push(`SELECT toDate(minute) AS at, ${COLUMNS} FROM ${TABLES.usageMinutes} WHERE ${where} AND ${edges}`);
  }
  const dimensions = { alias: 'alias', model: 'model', provider: 'provider', key: 'key_id', cluster: "''", day: 'toString(at)' };
  return { from: `(${parts.join(' UNION ALL ')})`, dimensions, sums: ROLLED_UP };
}

function clusterSource(query: UsageQuery): Source {
  const conditions = ['project = {project:String}', `ts >= ${time('since')}`, `ts < ${time('until')}`];
  if (query.cluster !== undefined) conditions.push('cluster = {cluster:String}');
  conditions.push(...filtersOf({ ...query, origin: undefined }));
  const from = `(SELECT ts, alias, target, key_id, status, tokens_in, tokens_out, cost_usd, latency_ms, if(outlier, '', cluster_id) AS cluster,
      substring(target, 1, position(target, '/') - 1) AS provider, substring(target, position(target, '/') + 1) AS model
    FROM ${TABLES.traceClusters} FINAL WHERE ${conditions.join(' AND ')} SETTINGS do_not_merge_across_partitions_select_final = 1)`;
  const dimensions = {
    alias: 'alias',
    model: 'model',
    provider: 'provider',
    key: 'key_id',
    cluster: 'cluster',
    day: 'toString(toDate(ts))',
  };
  return { from, dimensions, sums: OF_CLUSTERS };
}

function toUsage(row: z.output<typeof Row>, by: readonly UsageDimension[]): UsageRow {
  const group = Object.fromEntries(by.map((dimension) => [dimension, row[dimension] ?? '']));
  const some = row.calls_sum > 0;
  return {
    ...group,
    calls: row.calls_sum,
    errors: row.errors_sum,
    unpriced: row.unpriced_sum,
    tokensIn: row.in_sum,
    tokensOut: row.out_sum,
    tokensCached: row.cached_sum,
    costUsd: row.cost_sum,
    p50Ms: some ? row.p50 : null,
    p95Ms: some ? row.p95 : null,
  };
}
