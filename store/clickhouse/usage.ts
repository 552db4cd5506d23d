import { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import { metadataKeyOf, type UsageGroup, type UsageQuery, type UsageRow } from '../../contracts/usage.ts';
import type { ClickHouseClient } from './connection.ts';
import { readKept } from './forgotten-owners.ts';
import { defineQuery, runQuery } from './query.ts';
import { FilterParameters, filterParameters } from './trace-filter.ts';
import { clusterSource, rollupSource, spanOf, traceSource, type UsageSource } from './usage-sources.ts';

/** More groups are refused: nobody reads them, and a chart needs less. */
const MOST_GROUPS = 10_000;

/** What is asked, with its times settled. */
export type SettledUsageQuery = UsageQuery & { since: string; until: string };

const Parameters = FilterParameters.omit({ since: true, until: true }).extend({
  since: z.number(),
  until: z.number(),
  firstDay: z.number(),
  endDay: z.number(),
  groupKeys: z.array(z.string()),
});

const Row = z.object({
  /** What was grouped by, in its order. */
  groups: z.array(z.string()),
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

/**
 * Usage of a project by groups, from the roll-ups. By cluster it is read from what the clusters know of their traces, by user
 * and metadata from the traces: as far back as they are kept, and without what is to be forgotten.
 */
export async function usageOf(client: ClickHouseClient, project: string, query: SettledUsageQuery): Promise<UsageRow[]> {
  const byCluster = query.by.includes('cluster') || query.cluster !== undefined;
  const ofTraces =
    query.user !== undefined || query.metadata !== undefined || query.by.some((by) => by === 'user' || metadataKeyOf(by) !== null);
  if (byCluster && query.origin === 'pipeline')
    throw refused('Calls of the pipeline are of no cluster: leave out "cluster" or "origin".', 'origin');
  if (byCluster && ofTraces) throw refused('Clusters know nothing of users and metadata: leave out "cluster", or these.', 'cluster');
  if (ofTraces) return readKept(client, project, (kept) => read(client, project, query, traceSource(query, kept)));
  return read(client, project, query, byCluster ? clusterSource(query) : rollupSource(query, spanOf(query)));
}

async function read(client: ClickHouseClient, project: string, query: SettledUsageQuery, source: UsageSource): Promise<UsageRow[]> {
  const groups = query.by.map((by, i) => ({ by, name: `group_${i}`, expression: source.group(by) }));
  const names = groups.map(({ name }) => name);
  const day = groups.find(({ by }) => by === 'day');
  const order = [...(day ? [day.name] : []), 'cost_sum DESC NULLS LAST', 'calls_sum DESC', ...names];
  const statement = defineQuery({
    name: 'usage',
    sql: `SELECT ${names.length > 0 ? `[${names.map((name) => `toString(${name})`).join(', ')}]` : "CAST([], 'Array(String)')"} AS groups,
        ${[...groups.map(({ name, expression }) => `${expression} AS ${name}`), source.sums].join(', ')} FROM ${source.from}
      ${names.length > 0 ? `GROUP BY ${names.join(', ')}` : ''} ORDER BY ${order.join(', ')}`,
    parameters: Parameters,
    row: Row,
    limits: { max_result_rows: MOST_GROUPS },
  });
  const { by, ...filters } = query;
  const groupKeys = by.map(metadataKeyOf).filter((key) => key !== null);
  const rows = await runQuery(client, statement, { ...filterParameters(project, filters), ...spanOf(query), groupKeys });
  return rows.map((row) => toUsage(row, by));
}

function refused(sentence: string, param: string): StillhouseError {
  return new StillhouseError('invalid_request', sentence, { param });
}

function toUsage(row: z.output<typeof Row>, by: readonly UsageGroup[]): UsageRow {
  const named = by.map((group, i) => ({ group, key: metadataKeyOf(group), value: row.groups[i]! }));
  const metadata = named.flatMap(({ key, value }) => (key === null ? [] : [[key, value]]));
  const some = row.calls_sum > 0;
  return {
    ...Object.fromEntries(named.flatMap(({ group, key, value }) => (key === null ? [[group, value]] : []))),
    ...(metadata.length > 0 ? { metadata: Object.fromEntries(metadata) } : {}),
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
