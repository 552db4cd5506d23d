import { setTimeout as delay } from 'node:timers/promises';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import type { ClusterSql } from './cluster-sql.ts';

/** An insert may take so long (`insertRows`); one that began before the default changed has ended by then. */
const LONGEST_INSERT_MS = 31_000;

/** One insert must be one block, or its token would not guard all of it. */
const ONE_BLOCK = {
  max_threads: 1,
  max_insert_threads: '1',
  min_insert_block_size_rows: '100000000',
  min_insert_block_size_bytes: '8589934592',
  insert_deduplicate: 1,
  wait_end_of_query: 1,
} as const;

const KEY = 'origin, alias, target, key_id, status, provider, model';
const SUMS = `count() AS calls, countIf(isNull(t.cost_usd)) AS unpriced, sum(t.tokens_in) AS tokens_in, sum(t.tokens_out) AS tokens_out,
  sum(t.tokens_cached) AS tokens_cached, sum(t.tokens_cache_write) AS tokens_cache_write, sum(t.tokens_reasoning) AS tokens_reasoning,
  sum(ifNull(t.cost_usd, 0)) AS cost_usd, quantilesTDigestState(0.5, 0.95)(latency_ms) AS latency`;

/**
 * Rolls up the traces that were there before the views, once. Safe to run twice, by two programs at once, and while traces
 * are shipped: which rows the views have not seen is written in each row (`rolled_up`), by the server, in the same insert;
 * the rest goes in by the hour, each hour under a token of its own.
 */
export async function fillRollups(client: ClickHouseClient, cluster: ClusterSql): Promise<void> {
  await beginRollingUp(client, cluster);
  // Whoever changed the default: inserts under the old one must have ended.
  await olderInsertsEnded(client, cluster);
  const hours = await column(
    client,
    `SELECT DISTINCT toUnixTimestamp(toStartOfHour(ts)) AS at FROM ${TABLES.traces} WHERE NOT rolled_up ORDER BY at`,
  );
  for (const at of hours) {
    const columns = 'toStartOfMinute(ts) AS minute';
    await fill(client, { table: TABLES.usageMinutes, columns, by: 'minute', from: at, seconds: 3600 });
  }
  const days = new Set(hours.map((at) => at - (at % 86_400)));
  for (const at of days)
    await fill(client, { table: TABLES.usageDays, columns: 'toDate(ts) AS day', by: 'day', from: at, seconds: 86_400 });
}

/**
 * From here on inserts say `rolled_up`: the views are there already. What is stored says false in so many words, for a
 * part without the column would take the new default. (Values that are stored stay as they are, should another program
 * change the default in between.)
 */
async function beginRollingUp(client: ClickHouseClient, cluster: ClusterSql): Promise<void> {
  const { onCluster } = cluster;
  const result = await client.query({
    query: `SELECT default_expression AS said FROM system.columns WHERE database = currentDatabase() AND table = '${TABLES.traces}' AND name = 'rolled_up'`,
    format: 'JSONEachRow',
  });
  const [found] = await result.json<{ said: string }>();
  if (found?.said !== 'false') return;
  // An insert that knows nothing of the column leaves a part without it.
  await olderInsertsEnded(client, cluster);
  const settings = { mutations_sync: '2', alter_sync: '2', wait_end_of_query: 1 } as const;
  await client.command({ query: `ALTER TABLE ${TABLES.traces}${onCluster} MATERIALIZE COLUMN rolled_up`, clickhouse_settings: settings });
  await client.command({
    query: `ALTER TABLE ${TABLES.traces}${onCluster} MODIFY COLUMN rolled_up Bool DEFAULT true`,
    clickhouse_settings: settings,
  });
}

/** Waits for inserts that run: they go by what the table was when they began. */
async function olderInsertsEnded(client: ClickHouseClient, { processes }: ClusterSql): Promise<void> {
  const began = performance.now();
  for (;;) {
    const since = (performance.now() - began) / 1000;
    const [running] = await column(
      client,
      `SELECT count() AS at FROM ${processes} WHERE query_kind = 'Insert' AND position(query, '${TABLES.traces}') > 0 AND elapsed > ${since.toFixed(3)}`,
    );
    if (running === 0 || performance.now() - began > LONGEST_INSERT_MS) return;
    await delay(50);
  }
}

interface Fill {
  table: string;
  columns: string;
  by: string;
  /** Seconds since 1970. */
  from: number;
  seconds: number;
}

async function fill(client: ClickHouseClient, { table, columns, by, from, seconds }: Fill): Promise<void> {
  await client.command({
    query: `INSERT INTO ${table} (project, ${by}, ${KEY}, calls, unpriced, tokens_in, tokens_out, tokens_cached, tokens_cache_write, tokens_reasoning, cost_usd, latency)
      SELECT project, ${columns}, origin, alias, target, key_id, status, provider, substring(target, position(target, '/') + 1) AS model, ${SUMS}
      FROM ${TABLES.traces} AS t
      WHERE NOT rolled_up AND ts >= toDateTime64(${from}, 3, 'UTC') AND ts < toDateTime64(${from + seconds}, 3, 'UTC')
      GROUP BY project, ${by}, ${KEY}`,
    clickhouse_settings: { ...ONE_BLOCK, insert_deduplication_token: `fill-${table}-${from}` },
  });
}

async function column(client: ClickHouseClient, query: string): Promise<number[]> {
  const result = await client.query({ query, format: 'JSONEachRow', clickhouse_settings: { output_format_json_quote_64bit_integers: 0 } });
  return (await result.json<{ at: number }>()).map((row) => row.at);
}
