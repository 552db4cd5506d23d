import { z } from 'zod';
import { ROW_VERDICTS, type Verdict } from '../../contracts/dataset-judging.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { FOR_EVER } from './dataset-edits.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/** Rows a query: their ids travel in the URL, 67 bytes each. */
const ROWS_PER_QUERY = 500;

/** A verdict on a row's content: its prompt and its answer. */
export interface JudgedContent {
  rowId: string;
  contentHash: string;
}

/** A verdict as a judge's run gives it. */
export interface JudgeVerdict extends JudgedContent, Omit<Verdict, 'by' | 'score'> {
  score: number;
  runId: string;
  traceId: string;
}

const OF_ROWS = defineQuery({
  name: 'verdicts on rows',
  // Of a row's content the newest run's word counts.
  sql: `SELECT row_id, content_hash, at, score, verdict, criteria, reason, model, prompt_version, cost_usd
    FROM ${TABLES.datasetVerdicts} WHERE project = {project:String} AND dataset = {dataset:String} AND row_id IN {rows:Array(String)} AND inserted_at <= parseDateTime64BestEffort({until:String}, 6, 'UTC')
    ORDER BY at DESC, inserted_at DESC LIMIT 1 BY row_id, content_hash`,
  parameters: z.object({ project: z.string(), dataset: z.string(), rows: z.array(z.string()), until: z.string() }),
  row: z.object({
    row_id: z.string(),
    content_hash: z.string(),
    at: z.string(),
    score: z.number(),
    verdict: z.enum(ROW_VERDICTS),
    criteria: z.string(),
    reason: z.string(),
    model: z.string(),
    prompt_version: z.string(),
    cost_usd: z.number().nullable(),
  }),
});

/** Stores verdicts of a judge's run; the same ones again are dropped. */
export async function insertVerdicts(
  client: ClickHouseClient,
  project: string,
  dataset: string,
  verdicts: readonly JudgeVerdict[],
): Promise<void> {
  const rows = verdicts.map((verdict) => ({
    project,
    dataset,
    row_id: verdict.rowId,
    content_hash: verdict.contentHash,
    at: verdict.at,
    by: 'judge',
    score: verdict.score,
    verdict: verdict.verdict,
    criteria: JSON.stringify(verdict.criteria),
    reason: verdict.reason,
    model: verdict.model,
    prompt_version: verdict.promptVersion,
    cost_usd: verdict.costUsd,
    run_id: verdict.runId,
    trace_id: verdict.traceId,
  }));
  await insertRows(client, TABLES.datasetVerdicts, rows, contentToken('verdicts', rows));
}

/** The newest verdict of a judge on each of these rows, by row id; one on another content of the row is none. `until`: stored by then. */
export async function judgeVerdictsOf(
  client: ClickHouseClient,
  project: string,
  dataset: string,
  judged: readonly JudgedContent[],
  until = FOR_EVER,
): Promise<Map<string, Verdict>> {
  const contents = new Map(judged.map(({ rowId, contentHash }) => [rowId, contentHash]));
  const found = new Map<string, Verdict>();
  for (let at = 0; at < judged.length; at += ROWS_PER_QUERY) {
    const ids = judged.slice(at, at + ROWS_PER_QUERY).map(({ rowId }) => rowId);
    const rows = await runQuery(client, OF_ROWS, { project, dataset, rows: ids, until });
    for (const row of rows) if (contents.get(row.row_id) === row.content_hash) found.set(row.row_id, toVerdict(row));
  }
  return found;
}

function toVerdict(row: z.output<typeof OF_ROWS.row>): Verdict {
  return {
    by: 'judge',
    verdict: row.verdict,
    score: row.score,
    criteria: JSON.parse(row.criteria) as Record<string, number>,
    reason: row.reason,
    model: row.model,
    promptVersion: row.prompt_version,
    costUsd: row.cost_usd,
    at: row.at,
  };
}
