import { z } from 'zod';
import { Message } from '../../contracts/chat.ts';
import type { LeftOutRow } from '../../contracts/dataset-curation.ts';
import type { Split } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import type { DatasetVersion } from './datasets.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const OF_VERSION = 'project = {project:String} AND dataset = {dataset:String} AND version = {version:UInt32}';
const Version = z.object({ project: z.string(), dataset: z.string(), version: z.number().int() });

const LIST = defineQuery({
  name: 'rows that were left out',
  sql: `SELECT row_id, reason, place, messages, reference, trace_id FROM ${TABLES.datasetLeftOut}
    WHERE ${OF_VERSION} AND ({reason:String} = '' OR reason = {reason:String})
    ORDER BY reason, row_id LIMIT 1 BY row_id LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
  parameters: Version.extend({ reason: z.string(), limit: z.number().int(), offset: z.number().int() }),
  row: z.object({
    row_id: z.string(),
    reason: z.string(),
    place: z.string(),
    messages: z.string(),
    reference: z.string(),
    trace_id: z.string(),
  }),
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
});

const REASONS = defineQuery({
  name: 'why rows were left out',
  sql: `SELECT reason, uniqExact(row_id) AS rows FROM ${TABLES.datasetLeftOut} WHERE ${OF_VERSION} GROUP BY reason ORDER BY rows DESC, reason`,
  parameters: Version,
  row: z.object({ reason: z.string(), rows: z.number() }),
});

const ANSWERS = defineQuery({
  name: 'answers of rows by id',
  sql: `SELECT row_id, reference FROM (
      SELECT row_id, reference FROM ${TABLES.datasetRows} WHERE ${OF_VERSION} AND row_id IN {rows:Array(String)}
      UNION ALL SELECT row_id, reference FROM ${TABLES.datasetLeftOut} WHERE ${OF_VERSION} AND row_id IN {rows:Array(String)})
    LIMIT 1 BY row_id`,
  parameters: Version.extend({ rows: z.array(z.string()) }),
  row: z.object({ row_id: z.string(), reference: z.string() }),
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
});

/** Rows a query: their ids travel in the URL, 67 bytes each. */
const ROWS_PER_QUERY = 500;

/** Stores what a build left out; the same rows again are dropped. */
export async function insertLeftOut(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  rows: readonly (LeftOutRow & { split: Split })[],
): Promise<void> {
  const stored = rows.map((row) => ({
    project,
    dataset: dataset.name,
    version: dataset.version,
    reason: row.reason,
    row_id: row.rowId,
    split: row.split,
    place: row.place,
    messages: JSON.stringify(row.messages),
    reference: row.reference,
    trace_id: row.traceId,
  }));
  await insertRows(client, TABLES.datasetLeftOut, stored, contentToken('left-out', stored));
}

/** What a version leaves out, by reason. */
export async function leftOutRows(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  page: { reason?: string | undefined; limit: number; offset: number },
): Promise<LeftOutRow[]> {
  const { reason = '', limit, offset } = page;
  const rows = await runQuery(client, LIST, { project, dataset: dataset.name, version: dataset.version, reason, limit, offset });
  return rows.map((row) => ({
    rowId: row.row_id,
    reason: row.reason,
    place: row.place,
    messages: z.array(Message).parse(JSON.parse(row.messages)),
    reference: row.reference,
    traceId: row.trace_id,
  }));
}

/** Why, and how many rows each, the most first. */
export async function leftOutReasons(client: ClickHouseClient, project: string, dataset: DatasetVersion): Promise<Record<string, number>> {
  const rows = await runQuery(client, REASONS, { project, dataset: dataset.name, version: dataset.version });
  return Object.fromEntries(rows.map(({ reason, rows: count }) => [reason, count]));
}

/** Answers of a version's rows, those that it leaves out included, by row id. */
export async function answersOf(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  rowIds: readonly string[],
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let at = 0; at < rowIds.length; at += ROWS_PER_QUERY) {
    const rows = rowIds.slice(at, at + ROWS_PER_QUERY);
    const page = await runQuery(client, ANSWERS, { project, dataset: dataset.name, version: dataset.version, rows });
    for (const { row_id: id, reference } of page) found.set(id, reference);
  }
  return found;
}
