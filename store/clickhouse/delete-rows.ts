import { z } from 'zod';
import type { ClickHouseClient } from './connection.ts';
import { storeFailure } from './failure.ts';
import { defineQuery, runQuery } from './query.ts';

const BEFORE = "project = {project:String} AND ts < fromUnixTimestamp64Milli({before:Int64}, 'UTC')";

/**
 * Deletes a project's rows of a table that are older (milliseconds since 1970), month by month, and returns whether there
 * were some. Parts are written anew without them: afterwards they are nowhere on the disk.
 */
export function deleteRowsBefore(client: ClickHouseClient, table: string, project: string, before: number): Promise<boolean> {
  return deleteRowsWhere(client, table, BEFORE, { project, before }, { monthly: true });
}

/** Deletes the rows for which a condition holds, in the same way; `monthly`: of a table that is partitioned by the month of `ts`. */
export async function deleteRowsWhere(
  client: ClickHouseClient,
  table: string,
  where: string,
  parameters: Record<string, string | number>,
  { monthly }: { monthly: boolean },
): Promise<boolean> {
  const partition = monthly ? 'toYYYYMM(ts)' : '0';
  const months = await runQuery(
    client,
    defineQuery({
      name: `rows of ${table} to delete`,
      sql: `SELECT DISTINCT ${partition} AS month FROM ${table} WHERE ${where} ORDER BY month`,
      parameters: z.record(z.string(), z.union([z.string(), z.number()])),
      row: z.object({ month: z.number() }),
      limits: { max_execution_time: 120 },
    }),
    parameters,
  );
  for (const { month } of months) {
    try {
      await client.command({
        query: `ALTER TABLE ${table} DELETE ${monthly ? `IN PARTITION ${month} ` : ''}WHERE ${where}`,
        query_params: parameters,
        // Replicas: what a subquery reads does not change meanwhile, but for more of the same.
        clickhouse_settings: { mutations_sync: '1', wait_end_of_query: 1, allow_nondeterministic_mutations: 1 },
      });
    } catch (error) {
      throw storeFailure(error, `delete rows of ${table}`);
    }
  }
  return months.length > 0;
}
