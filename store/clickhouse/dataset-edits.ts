import { z } from 'zod';
import { EDITED_FIELDS, type RecordedEdit, type RowCuration } from '../../contracts/dataset-curation.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const OF_DATASET = 'project = {project:String} AND dataset = {dataset:String}';
const Dataset = z.object({ project: z.string(), dataset: z.string() });
/** Later than any edit. */
export const FOR_EVER = '2200-01-01T00:00:00Z';

const STANDING = defineQuery({
  name: 'what people have said of rows',
  sql: `SELECT row_id, field, argMax(after, (at, inserted_at)) AS value, argMax(note, (at, inserted_at)) AS why FROM ${TABLES.datasetEdits}
    WHERE ${OF_DATASET} AND inserted_at <= parseDateTime64BestEffort({until:String}, 6, 'UTC') AND (empty({rows:Array(String)}) OR row_id IN {rows:Array(String)})
    GROUP BY row_id, field`,
  parameters: Dataset.extend({ until: z.string(), rows: z.array(z.string()) }),
  row: z.object({ row_id: z.string(), field: z.enum(EDITED_FIELDS), value: z.string(), why: z.string() }),
  limits: { max_execution_time: 60, max_result_rows: 5_000_000 },
});

const NEWEST = defineQuery({
  name: 'when a dataset was curated last',
  // The database's own clock: what is read up to this time is always the same.
  sql: `SELECT toString(max(at)) AS at, count() AS facts FROM (
      SELECT inserted_at AS at FROM ${TABLES.datasetEdits} WHERE ${OF_DATASET}
      UNION ALL SELECT inserted_at AS at FROM ${TABLES.datasetVerdicts} WHERE ${OF_DATASET} AND {judged:Bool})`,
  parameters: Dataset.extend({ judged: z.boolean() }),
  row: z.object({ at: z.string(), facts: z.number() }),
});

const TRAIL = defineQuery({
  name: 'edits of a dataset',
  sql: `SELECT row_id, at, actor, field, before, after, note FROM ${TABLES.datasetEdits}
    WHERE ${OF_DATASET} AND ({row:String} = '' OR row_id = {row:String})
    ORDER BY at DESC, inserted_at DESC, row_id, field LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
  parameters: Dataset.extend({ row: z.string(), limit: z.number().int(), offset: z.number().int() }),
  row: z.object({
    row_id: z.string(),
    at: z.string(),
    actor: z.string(),
    field: z.enum(EDITED_FIELDS),
    before: z.string(),
    after: z.string(),
    note: z.string(),
  }),
});

/** Of a row that nobody has edited. */
export const NOTHING_SAID: RowCuration = { verdict: null, reason: '', answer: null, tags: [] };

/** Records edits, all or none. */
export async function insertEdits(
  client: ClickHouseClient,
  project: string,
  dataset: string,
  edits: readonly RecordedEdit[],
): Promise<void> {
  const rows = edits.map(({ rowId, before, after, ...edit }) => ({
    project,
    dataset,
    row_id: rowId,
    ...edit,
    before: JSON.stringify(before),
    after: JSON.stringify(after),
  }));
  await insertRows(client, TABLES.datasetEdits, rows, contentToken('edits', rows));
}

/** What people have said of a dataset's rows up to a time (by default all there is), by row id; `rows`: of these alone. */
export async function standingEdits(
  client: ClickHouseClient,
  project: string,
  dataset: string,
  { until = FOR_EVER, rows = [] }: { until?: string; rows?: readonly string[] } = {},
): Promise<Map<string, RowCuration>> {
  const found = await runQuery(client, STANDING, { project, dataset, until, rows: [...rows] });
  const standing = new Map<string, RowCuration>();
  for (const { row_id: id, field, value, why } of found) {
    const row = standing.get(id) ?? NOTHING_SAID;
    standing.set(id, { ...row, [field]: JSON.parse(value) as never, ...(field === 'verdict' ? { reason: why } : {}) });
  }
  return standing;
}

/** When the newest fact about a dataset's rows was stored, judges' verdicts included where they count; undefined: there is none. */
export async function curatedUntil(
  client: ClickHouseClient,
  project: string,
  dataset: string,
  judged: boolean,
): Promise<string | undefined> {
  const [row] = await runQuery(client, NEWEST, { project, dataset, judged });
  return row && row.facts > 0 ? `${row.at.replace(' ', 'T')}Z` : undefined;
}

/** Edits, the newest first; `row`: of that one alone. */
export async function listEdits(
  client: ClickHouseClient,
  project: string,
  dataset: string,
  page: { row?: string | undefined; limit: number; offset: number },
): Promise<RecordedEdit[]> {
  const rows = await runQuery(client, TRAIL, { project, dataset, row: page.row ?? '', limit: page.limit, offset: page.offset });
  return rows.map(({ row_id: rowId, before, after, ...edit }) => ({
    rowId,
    ...edit,
    before: JSON.parse(before) as RecordedEdit['before'],
    after: JSON.parse(after) as RecordedEdit['after'],
  }));
}
