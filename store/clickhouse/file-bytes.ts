import type { Readable } from 'node:stream';
import type { ClickHouseClient } from './connection.ts';
import { exceptionMarks } from './exception-marks.ts';
import { storeFailure } from './failure.ts';

/** Not more than that on one connection: a file of ten million traces takes a while. */
const LIMITS = { max_execution_time: 1_800, max_memory_usage: String(1024 ** 3) };

const SETTINGS = {
  ...LIMITS,
  max_threads: 2,
  // `id` in a condition is the column, not its text.
  prefer_column_name_to_alias: 1,
  max_block_size: '1024',
  date_time_output_format: 'iso',
  output_format_json_quote_64bit_integers: 0,
  output_format_parquet_row_group_size: '10000',
  output_format_parquet_row_group_size_bytes: String(32 * 1024 ** 2),
  // In plain memory: a file of bodies has no use for several encoders.
  output_format_parquet_parallel_encoding: 0,
} as const;

/** A query's answer as the bytes of a file, as they come; the query names its format. */
export async function* fileBytes(client: ClickHouseClient, query: string, parameters: Record<string, unknown>): AsyncGenerator<Buffer> {
  try {
    const { stream, response_headers: headers } = await client.exec({
      query,
      query_params: Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)),
      clickhouse_settings: SETTINGS,
    });
    const tag = headers['x-clickhouse-exception-tag'];
    yield* exceptionMarks(stream as Readable, typeof tag === 'string' ? tag : null);
  } catch (error) {
    throw storeFailure(error, 'export');
  }
}
