import { z } from 'zod';
import type { ClickHouseClient } from './connection.ts';
import { storeFailure } from './failure.ts';
import { defineQuery, runQuery } from './query.ts';

const BEFORE = "project = {project:String} AND ts < fromUnixTimestamp64Milli({before:Int64}, 'UTC')";
const Parameters = z.object({ project: z.string(), before: z.number() });

/**
 * Deletes a project's rows of a table that are older (milliseconds since 1970), month by month, and returns whether there
 * were some. Parts are written anew without them: afterwards they are nowhere on the disk.
 */
export async function deleteRowsBefore(client: ClickHouseClient, table: string, project: string, before: number): Promise<boolean> {
  const months = await runQuery(
    client,
    defineQuery({
      name: `months of ${table} to delete`,
      sql: `SELECT DISTINCT toYYYYMM(ts) AS month FROM ${table} WHERE ${BEFORE} ORDER BY month`,
      parameters: Parameters,
      row: z.object({ month: z.number() }),
    }),
    { project, before },
  );
  for (const { month } of months) {
    try {
      await client.command({
        query: `ALTER TABLE ${table} DELETE IN PARTITION ${month} WHERE ${BEFORE}`,
        query_params: { project, before },
        clickhouse_settings: { mutations_sync: '1', wait_end_of_query: 1 },
      });
    } catch (error) {
      throw storeFailure(error, `delete old rows of ${table}`);
    }
  }
  return months.length > 0;
}
