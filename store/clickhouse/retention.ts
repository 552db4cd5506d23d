import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { storeFailure } from './failure.ts';
import { defineQuery, runQuery } from './query.ts';

/** What is kept as long as its trace; the roll-ups, which tell of nobody, stay. */
const OF_TRACES = [TABLES.attempts, TABLES.traceClusters, TABLES.feedback, TABLES.traces] as const;

const BEFORE = "project = {project:String} AND ts < fromUnixTimestamp64Milli({before:Int64}, 'UTC')";
const Parameters = z.object({ project: z.string(), before: z.number() });

const MONTHS = OF_TRACES.map((table) => ({
  table,
  query: defineQuery({
    name: `months of ${table} to delete`,
    sql: `SELECT DISTINCT toYYYYMM(ts) AS month FROM ${table} WHERE ${BEFORE} ORDER BY month`,
    parameters: Parameters,
    row: z.object({ month: z.number() }),
  }),
}));

/**
 * Deletes a project's traces of calls that began before a time (milliseconds since 1970), with what belongs to them, and
 * returns whether there were some. Parts are written anew without the rows: afterwards they are nowhere on the disk.
 * Traces go last, and the same again deletes what is left.
 */
export async function deleteTracesBefore(client: ClickHouseClient, project: string, before: number): Promise<boolean> {
  let some = false;
  for (const { table, query } of MONTHS) {
    for (const { month } of await runQuery(client, query, { project, before })) {
      some = true;
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
  }
  return some;
}
