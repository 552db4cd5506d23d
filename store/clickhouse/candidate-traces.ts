import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

const WITHOUT_TRACE = defineQuery({
  name: 'candidates without a trace',
  sql: `SELECT uniqExact(trace_id) AS n FROM ${TABLES.candidates}
    WHERE project = {project:String} AND distillation = {distillation:String} AND run_id = {run:String} AND trace_id != '' AND trace_id NOT IN (
      SELECT toString(id) FROM ${TABLES.traces} WHERE project = {project:String} AND origin = 'pipeline'
        AND hasAll(metadata_pairs, {pairs:Array(String)}) AND metadata['run'] = {run:String})`,
  parameters: z.object({ project: z.string(), distillation: z.string(), run: z.string(), pairs: z.array(z.string()) }),
  row: z.object({ n: z.number() }),
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
});

/** How many of a run's journalled answers are not yet among the traces: their segments are still on their way. */
export async function candidatesWithoutTrace(
  client: ClickHouseClient,
  project: string,
  run: { distillation: string; runId: string },
): Promise<number> {
  const { distillation, runId } = run;
  const pairs = [`distillation=${distillation}`, `run=${runId}`];
  const [row] = await runQuery(client, WITHOUT_TRACE, { project, distillation, run: runId, pairs });
  return row?.n ?? 0;
}
