import { TABLES } from '../../contracts/names.ts';
import { metadataKeyOf, type UsageDimension, type UsageGroup, type UsageQuery } from '../../contracts/usage.ts';
import { filterConditions } from './trace-filter.ts';

const DAY_S = 86_400;
const MINUTE_S = 60;

/** Where usage is read from, in the words of one source. */
export interface UsageSource {
  from: string;
  /** Groups by this expression. */
  group: (by: UsageGroup) => string;
  sums: string;
}

/** Seconds since 1970: whole minutes, and the whole days within them. */
export interface UsageSpan {
  since: number;
  until: number;
  firstDay: number;
  endDay: number;
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
const sumsOfCalls = (
  cached: string,
) => `count() AS calls_sum, countIf(status = 'error') AS errors_sum, countIf(isNull(cost_usd)) AS unpriced_sum,
  sum(tokens_in) AS in_sum, sum(tokens_out) AS out_sum, ${cached} AS cached_sum, sum(cost_usd) AS cost_sum,
  quantilesTDigest(0.5, 0.95)(latency_ms) AS quantiles, quantiles[1] AS p50, quantiles[2] AS p95`;
const PROVIDER_AND_MODEL = `substring(target, 1, position(target, '/') - 1) AS provider, substring(target, position(target, '/') + 1) AS model`;

/** The minutes and the days of a time between two moments. */
export function spanOf({ since, until }: { since: string; until: string }): UsageSpan {
  const from = Math.floor(Date.parse(since) / 1000 / MINUTE_S) * MINUTE_S;
  const to = Math.ceil(Date.parse(until) / 1000 / MINUTE_S) * MINUTE_S;
  const firstDay = Math.ceil(from / DAY_S) * DAY_S;
  return { since: from, until: to, firstDay, endDay: Math.max(firstDay, Math.floor(to / DAY_S) * DAY_S) };
}

/** Whole days from the roll-up by day, the rest of the span from the one by minute. */
export function rollupSource(query: UsageQuery, { since, until, firstDay, endDay }: UsageSpan): UsageSource {
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
  return { from: `(${parts.join(' UNION ALL ')})`, group: groupsBy({ day: 'toString(at)' }), sums: ROLLED_UP };
}

/** What the clusters know of their traces; pipeline calls are of none. */
export function clusterSource(query: UsageQuery): UsageSource {
  const conditions = ['project = {project:String}', `ts >= ${time('since')}`, `ts < ${time('until')}`];
  if (query.cluster !== undefined) conditions.push('cluster = {cluster:String}');
  conditions.push(...filtersOf({ ...query, origin: undefined }));
  const from = `(SELECT ts, alias, target, key_id, status, tokens_in, tokens_out, cost_usd, latency_ms, if(outlier, '', cluster_id) AS cluster,
      ${PROVIDER_AND_MODEL}
    FROM ${TABLES.traceClusters} FINAL WHERE ${conditions.join(' AND ')} SETTINGS do_not_merge_across_partitions_select_final = 1)`;
  const sums = sumsOfCalls("CAST(NULL, 'Nullable(UInt64)')");
  return { from, group: groupsBy({ day: 'toString(toDate(ts))', cluster: 'cluster' }), sums };
}

/** The traces themselves, which alone know users and metadata; `kept` leaves out what is to be forgotten. */
export function traceSource(query: UsageQuery, kept: readonly string[]): UsageSource {
  const { user, metadata } = query;
  const conditions = [
    ...filterConditions({ user, metadata }),
    ...filtersOf(query),
    ...kept,
    `ts >= ${time('since')}`,
    `ts < ${time('until')}`,
  ];
  const from = `(SELECT ts, alias, target, key_id, user_id, metadata, status, tokens_in, tokens_out, tokens_cached, cost_usd, latency_ms,
      ${PROVIDER_AND_MODEL} FROM ${TABLES.traces} WHERE ${conditions.join(' AND ')})`;
  const group = groupsBy({ day: 'toString(toDate(ts))', user: 'user_id' });
  return { from, group, sums: sumsOfCalls('toNullable(sum(tokens_cached))') };
}

/** By metadata, the value of the key with this place in the parameter `groupKeys`. */
function groupsBy(known: Partial<Record<UsageDimension, string>>): UsageSource['group'] {
  const all: Record<string, string> = { alias: 'alias', model: 'model', provider: 'provider', key: 'key_id', ...known };
  let keys = 0;
  return (by) => (metadataKeyOf(by) === null ? (all[by] ?? "''") : `metadata[{groupKeys:Array(String)}[${++keys}]]`);
}

function filtersOf(query: UsageQuery): string[] {
  return Object.entries(FILTERS).flatMap(([name, condition]) => (query[name as keyof UsageQuery] === undefined ? [] : [condition]));
}
