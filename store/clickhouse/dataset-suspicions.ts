import { z } from 'zod';
import { SPLITS, type Split } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import type { DatasetVersion } from './datasets.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/** Rows an insert. */
const BATCH = 10_000;

/** How much a row's answer disagrees with its neighbours', from 0 to 1. */
export interface Suspicion {
  rowId: string;
  split: Split;
  position: number;
  suspicion: number;
}

const MOST = defineQuery({
  name: 'the most suspect rows',
  sql: `SELECT row_id, position, suspicion FROM ${TABLES.datasetSuspicions}
    WHERE project = {project:String} AND dataset = {dataset:String} AND version = {version:UInt32} AND split = {split:String}
    ORDER BY suspicion DESC, position LIMIT 1 BY position LIMIT {limit:UInt32} OFFSET {offset:UInt32}`,
  parameters: z.object({
    project: z.string(),
    dataset: z.string(),
    version: z.number().int(),
    split: z.enum(SPLITS),
    limit: z.number().int(),
    offset: z.number().int(),
  }),
  row: z.object({ row_id: z.string(), position: z.number(), suspicion: z.number() }),
});

/** Stores what an inspection says of a version's rows; the same rows again are dropped. */
export async function insertSuspicions(
  client: ClickHouseClient,
  project: string,
  { name: dataset, version }: DatasetVersion,
  rows: readonly Suspicion[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += BATCH) {
    const stored = rows
      .slice(at, at + BATCH)
      .map(({ rowId, split, position, suspicion }) => ({ project, dataset, version, split, position, row_id: rowId, suspicion }));
    await insertRows(client, TABLES.datasetSuspicions, stored, contentToken('suspicions', stored));
  }
}

/** Rows of a split, the most suspect first. */
export async function mostSuspect(
  client: ClickHouseClient,
  project: string,
  { name: dataset, version }: DatasetVersion,
  page: { split: Split; limit: number; offset: number },
): Promise<Suspicion[]> {
  const rows = await runQuery(client, MOST, { project, dataset, version, ...page });
  return rows.map(({ row_id: rowId, position, suspicion }) => ({ rowId, split: page.split, position, suspicion }));
}
