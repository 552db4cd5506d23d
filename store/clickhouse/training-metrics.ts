import { z } from 'zod';
import { TrainingPoint } from '../../contracts/language-model.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const POINTS = defineQuery({
  name: 'points of a training',
  // A step that a later attempt made again counts once, as that attempt measured it; a validation has a row of its own.
  sql: `SELECT formatDateTime(at, '%FT%T.%fZ') AS at, attempt, step, total_steps AS totalSteps, epoch, phase, terms FROM ${TABLES.trainingMetrics}
    WHERE project = {project:String} AND distillation = {distillation:String}
      AND run_id = if({run:String} != '', {run:String}, (SELECT argMax(run_id, at) FROM ${TABLES.trainingMetrics} WHERE project = {project:String} AND distillation = {distillation:String}))
    ORDER BY step, attempt DESC, at DESC LIMIT 1 BY step, mapContains(terms, 'validationScore') LIMIT 20000`,
  parameters: z.object({ project: z.string(), distillation: z.string(), run: z.string() }),
  row: TrainingPoint.extend({ at: z.string() }),
});

/** Appends what a training measured; the same points again are dropped. */
export async function appendTrainingPoints(
  client: ClickHouseClient,
  run: { project: string; distillation: string; runId: string },
  points: readonly TrainingPoint[],
): Promise<void> {
  if (points.length === 0) return;
  const { project, distillation, runId } = run;
  const rows = points.map(({ totalSteps, ...point }) => ({ project, distillation, run_id: runId, total_steps: totalSteps, ...point }));
  await insertRows(client, TABLES.trainingMetrics, rows, contentToken('training', rows));
}

/** What a distillation's training measured, by step, at most 20,000 points; by default of the newest run of that name. */
export async function trainingPoints(
  client: ClickHouseClient,
  project: string,
  distillation: string,
  runId?: string,
): Promise<TrainingPoint[]> {
  const rows = await runQuery(client, POINTS, { project, distillation, run: runId ?? '' });
  return rows.map((row) => TrainingPoint.parse({ ...row, at: new Date(row.at).toISOString() }));
}
