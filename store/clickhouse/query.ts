import { Readable } from 'node:stream';
import type { z } from 'zod';
import { StillhouseError } from '../../contracts/errors.ts';
import { wellFormedJson } from '../../platform/well-formed-json.ts';
import type { ClickHouseClient } from './connection.ts';
import { storeFailure } from './failure.ts';

/** What one query may cost. Over a limit it fails with a sentence; nothing is cut off in silence. */
export interface QueryLimits {
  /** Seconds. */
  max_execution_time: number;
  /** Bytes. */
  max_memory_usage: number;
  max_result_rows: number;
}

/** Limits of a query that states none. */
export const QUERY_LIMITS: QueryLimits = { max_execution_time: 20, max_memory_usage: 2 * 1024 ** 3, max_result_rows: 100_000 };

/** A query: its name in errors, its SQL, what goes in and what a row of the answer is. */
export interface StoreQuery<P extends z.ZodType, R extends z.ZodType> {
  name: string;
  sql: string;
  parameters: P;
  row: R;
  limits?: Partial<QueryLimits>;
  /** Of ClickHouse, for this query alone. */
  settings?: Readonly<Record<string, number | string>>;
}

/** States a query; all it does is to hold the types together. */
export function defineQuery<P extends z.ZodType, R extends z.ZodType>(query: StoreQuery<P, R>): StoreQuery<P, R> {
  return query;
}

/** Runs a query and parses what comes back. */
export async function runQuery<P extends z.ZodType, R extends z.ZodType>(
  client: ClickHouseClient,
  query: StoreQuery<P, R>,
  parameters: z.input<P>,
): Promise<z.output<R>[]> {
  const checked = query.parameters.safeParse(parameters);
  if (!checked.success) {
    const sentences = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new StillhouseError('invalid_request', `${query.name}: ${sentences.join('; ')}`);
  }
  let rows: unknown[];
  try {
    const result = await client.query({
      query: query.sql,
      query_params: checked.data as Record<string, unknown>,
      format: 'JSONEachRow',
      clickhouse_settings: {
        ...QUERY_LIMITS,
        ...query.limits,
        ...query.settings,
        max_memory_usage: String(query.limits?.max_memory_usage ?? QUERY_LIMITS.max_memory_usage),
        max_result_rows: String(query.limits?.max_result_rows ?? QUERY_LIMITS.max_result_rows),
        result_overflow_mode: 'throw',
        // Times come as ISO 8601 and counters as numbers, whatever the server's profile says.
        date_time_output_format: 'iso',
        output_format_json_quote_64bit_integers: 0,
        output_format_json_quote_denormals: 0,
      },
    });
    rows = await result.json<unknown>();
  } catch (error) {
    throw storeFailure(error, query.name);
  }
  const parsed: z.output<R>[] = [];
  for (const row of rows) parsed.push(query.row.parse(row));
  return parsed;
}

/**
 * Inserts rows once: the same token again is dropped, also in the tables that views fill, after a restart too (the
 * window is 100,000 blocks per partition). `rows` are objects, or lines of JSON as they are.
 */
export async function insertRows(
  client: ClickHouseClient,
  table: string,
  rows: readonly object[] | Buffer,
  token: string,
  signal?: AbortSignal,
): Promise<void> {
  if (rows.length === 0) return;
  const lines = Buffer.isBuffer(rows) ? rows : Buffer.from(rows.map((row) => wellFormedJson(row)).join('\n'));
  try {
    const { stream } = await client.exec({
      query: `INSERT INTO ${table} FORMAT JSONEachRow`,
      values: Readable.from(slices(lines), { objectMode: false }),
      ...(signal ? { abort_signal: signal } : {}),
      clickhouse_settings: {
        insert_deduplication_token: token,
        insert_deduplicate: 1,
        deduplicate_blocks_in_dependent_materialized_views: 1,
        // The acknowledgement must mean "stored", and one insert must be one block, or a replay would not meet its token.
        async_insert: 0,
        wait_end_of_query: 1,
        input_format_parallel_parsing: 0,
        max_insert_block_size: '1048576',
        min_insert_block_size_rows: '1048576',
        min_insert_block_size_bytes: '1073741824',
        date_time_input_format: 'best_effort',
        // A gateway may be a release ahead of the schema: what the table does not know yet is left out, not refused.
        input_format_skip_unknown_fields: 1,
        max_execution_time: 30,
      },
    });
    for await (const _ of stream) void _;
  } catch (error) {
    throw storeFailure(error, `insert into ${table}`);
  }
}

/** A write of megabytes would hold up everything else; one of these is copied in a tenth of a millisecond. */
const SLICE = 256 * 1024;

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE) yield bytes.subarray(at, at + SLICE);
}
