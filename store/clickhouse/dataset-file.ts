import type { Split } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import type { DatasetVersion } from './datasets.ts';
import { fileBytes } from './file-bytes.ts';

const OF_VERSION = 'project = {project:String} AND dataset = {dataset:String} AND version = {version:UInt32}';
/** Conversations and tools are JSON as text, as they are stored. */
const COLUMNS = `row_id AS rowId, group_hash AS groupHash, split, position, messages, tools, response_format AS responseFormat, parameters,
  reference AS answer, reference_target AS answeredBy, trace_id AS traceId`;

/** A split as a Parquet file, as ClickHouse writes it; `gold`: with a column of gold answers, null where a row has none. */
export function datasetParquet(
  client: ClickHouseClient,
  project: string,
  { name: dataset, version }: DatasetVersion,
  { split, gold }: { split: Split; gold: boolean },
): AsyncGenerator<Buffer> {
  const rows = `SELECT ${COLUMNS} FROM ${TABLES.datasetRows} WHERE ${OF_VERSION} AND split = {split:String} ORDER BY position, row_id LIMIT 1 BY row_id`;
  const golds = `SELECT row_id AS rowId, toNullable(any(gold)) AS gold FROM ${TABLES.datasetGold} WHERE ${OF_VERSION} GROUP BY row_id`;
  const joined = `SELECT rows.*, golds.gold AS gold FROM (${rows}) AS rows LEFT JOIN (${golds}) AS golds ON rows.rowId = golds.rowId ORDER BY rows.position`;
  return fileBytes(client, `${gold ? joined : rows} FORMAT Parquet`, { project, dataset, version, split });
}
