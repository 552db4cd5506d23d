import { z } from 'zod';
import { Judgement } from '../../contracts/dataset-judging.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const NEWEST = defineQuery({
  name: 'runs of judges',
  sql: `SELECT value FROM (SELECT name, started_at, value FROM ${TABLES.datasetJudgements} WHERE project = {project:String} AND dataset = {dataset:String}
      AND ({name:String} = '' OR name = {name:String}) ORDER BY updated_at DESC, inserted_at DESC LIMIT 1 BY name)
    ORDER BY started_at DESC, name LIMIT 100`,
  parameters: z.object({ project: z.string(), dataset: z.string(), name: z.string() }),
  row: z.object({ value: z.string() }),
});

/** Records a run's state; of several records the newest `updatedAt` counts. */
export async function recordJudgement(client: ClickHouseClient, judgement: Judgement): Promise<void> {
  const row = {
    project: judgement.project,
    dataset: judgement.dataset,
    name: judgement.name,
    run_id: judgement.runId,
    status: judgement.status,
    started_at: judgement.startedAt,
    updated_at: judgement.updatedAt,
    value: JSON.stringify(judgement),
  };
  await insertRows(client, TABLES.datasetJudgements, [row], contentToken('judgement', row));
}

/** The last recorded states of a dataset's runs, the latest begun first; `name`: of that one. */
export async function listJudgements(client: ClickHouseClient, project: string, dataset: string, name = ''): Promise<Judgement[]> {
  return (await runQuery(client, NEWEST, { project, dataset, name })).map((row) => Judgement.parse(JSON.parse(row.value)));
}
