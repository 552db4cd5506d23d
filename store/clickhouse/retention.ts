import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { deleteRowsBefore } from './delete-rows.ts';

/** What is kept as long as its trace; the roll-ups, which tell of nobody, stay. */
const OF_TRACES = [TABLES.attempts, TABLES.traceClusters, TABLES.feedback, TABLES.traces] as const;

/**
 * Deletes a project's traces of calls that began before a time (milliseconds since 1970), with what belongs to them, and
 * returns whether there were some. Traces go last, and the same again deletes what is left.
 */
export async function deleteTracesBefore(client: ClickHouseClient, project: string, before: number): Promise<boolean> {
  let some = false;
  for (const table of OF_TRACES) some = (await deleteRowsBefore(client, table, project, before)) || some;
  return some;
}
