import { z } from 'zod';
import { Message } from '../../contracts/chat.ts';
import { Dataset, type DatasetRow, SPLITS, type Split } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const Row = z.object({ value: z.string() });
// The newest state of a version counts; of two with the same time, the one that was written last.
const NEWEST = 'ORDER BY updated_at DESC, inserted_at DESC LIMIT 1 BY name, version';

const READ = defineQuery({
  name: 'read a dataset',
  sql: `SELECT value FROM (SELECT name, version, value FROM ${TABLES.datasets}
    WHERE project = {project:String} AND name = {name:String} AND ({version:UInt32} = 0 OR version = {version:UInt32}) ${NEWEST}) ORDER BY version DESC LIMIT 1`,
  parameters: z.object({ project: z.string(), name: z.string(), version: z.number().int().nonnegative() }),
  row: Row,
});

const READ_READY = defineQuery({
  name: 'read the newest ready dataset',
  sql: `SELECT value FROM (SELECT name, version, status, value FROM ${TABLES.datasets}
    WHERE project = {project:String} AND name = {name:String} ${NEWEST}) WHERE status = 'ready' ORDER BY version DESC LIMIT 1`,
  parameters: z.object({ project: z.string(), name: z.string() }),
  row: Row,
});

const LIST = defineQuery({
  name: 'list datasets',
  sql: `SELECT value FROM (SELECT name, version, value FROM ${TABLES.datasets} WHERE project = {project:String} ${NEWEST}) ORDER BY name, version DESC`,
  parameters: z.object({ project: z.string() }),
  row: Row,
});

/** Records the state of a dataset version; of several records the newest `updatedAt` counts. */
export async function recordDataset(client: ClickHouseClient, dataset: Dataset): Promise<void> {
  const row = {
    project: dataset.project,
    name: dataset.name,
    version: dataset.version,
    status: dataset.status,
    updated_at: dataset.updatedAt,
    value: JSON.stringify(dataset),
  };
  // The same state at the same time again is the same record; another one at the same time is not.
  await insertRows(client, TABLES.datasets, [row], contentToken('dataset', row));
}

/** A version of a dataset, by default the newest one whatever its status; null where there is none. */
export async function readDataset(client: ClickHouseClient, project: string, name: string, version?: number): Promise<Dataset | null> {
  const [row] = await runQuery(client, READ, { project, name, version: version ?? 0 });
  return row ? Dataset.parse(JSON.parse(row.value)) : null;
}

/** The newest version of a dataset that is ready; null where none is. */
export async function readNewestReady(client: ClickHouseClient, project: string, name: string): Promise<Dataset | null> {
  const [row] = await runQuery(client, READ_READY, { project, name });
  return row ? Dataset.parse(JSON.parse(row.value)) : null;
}

/** Every version of every dataset: by name, newest version first. */
export async function listDatasets(client: ClickHouseClient, project: string): Promise<Dataset[]> {
  return (await runQuery(client, LIST, { project })).map((row) => Dataset.parse(JSON.parse(row.value)));
}

/** A version of a dataset. */
export interface DatasetVersion {
  name: string;
  version: number;
}

/** One row's gold answer. */
export interface GoldAnswer {
  rowId: string;
  gold: string;
}

const LARGEST_POSITION = 2 ** 32 - 1;
const Version = z.object({ project: z.string(), dataset: z.string(), version: z.number().int(), split: z.enum(SPLITS) });
const StoredRow = z.object({
  row_id: z.string(),
  prompt_hash: z.string(),
  group_hash: z.string(),
  split: z.enum(SPLITS),
  position: z.number(),
  messages: z.string(),
  tools: z.string(),
  response_format: z.string(),
  parameters: z.string(),
  reference: z.string(),
  reference_target: z.string(),
  prompt_tokens: z.number(),
  trace_id: z.string(),
});
const OF_VERSION = 'project = {project:String} AND dataset = {dataset:String} AND version = {version:UInt32}';

const COLUMNS = Object.keys(StoredRow.shape).join(', ');

const READ_ROWS = defineQuery({
  name: 'read dataset rows',
  sql: `SELECT ${COLUMNS}
    FROM ${TABLES.datasetRows} WHERE ${OF_VERSION} AND split = {split:String} AND position >= {from:UInt32} AND position < {to:UInt32}
    ORDER BY position, row_id LIMIT 1 BY row_id`,
  parameters: Version.extend({ from: z.number().int().nonnegative(), to: z.number().int().nonnegative() }),
  row: StoredRow,
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3, max_result_rows: 1_000_000 },
});

const READ_PLACES = defineQuery({
  name: 'read dataset rows by their places',
  sql: `SELECT ${COLUMNS}
    FROM ${TABLES.datasetRows} WHERE ${OF_VERSION} AND split = {split:String} AND position IN {positions:Array(UInt32)}
    ORDER BY position, row_id LIMIT 1 BY row_id`,
  parameters: Version.extend({ positions: z.array(z.number().int().nonnegative()) }),
  row: StoredRow,
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
});

const READ_GOLD = defineQuery({
  name: 'read gold answers',
  sql: `SELECT row_id, gold FROM ${TABLES.datasetGold} WHERE ${OF_VERSION}
      AND row_id IN (SELECT row_id FROM ${TABLES.datasetRows} WHERE ${OF_VERSION} AND split = {split:String})
    ORDER BY row_id LIMIT 1 BY row_id`,
  parameters: Version,
  row: z.object({ row_id: z.string(), gold: z.string() }),
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3, max_result_rows: 1_000_000 },
});

/** Stores rows of a version; `token` names this very batch, and the same batch again is dropped. */
export async function insertDatasetRows(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  rows: readonly DatasetRow[],
  token: string,
): Promise<void> {
  const stored = rows.map((row) => ({
    project,
    dataset: dataset.name,
    version: dataset.version,
    split: row.split,
    position: row.position,
    row_id: row.rowId,
    prompt_hash: row.promptHash,
    group_hash: row.group,
    messages: JSON.stringify(row.messages),
    tools: JSON.stringify(row.tools),
    response_format: JSON.stringify(row.responseFormat ?? null),
    parameters: JSON.stringify(row.parameters),
    reference: row.reference,
    reference_target: row.referenceTarget,
    prompt_tokens: row.promptTokens,
    trace_id: row.traceId,
  }));
  await insertRows(client, TABLES.datasetRows, stored, token);
}

/** Stores gold answers of a version, apart from its rows. */
export async function insertGold(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  answers: readonly GoldAnswer[],
  token: string,
): Promise<void> {
  const stored = answers.map(({ rowId, gold }) => ({ project, dataset: dataset.name, version: dataset.version, row_id: rowId, gold }));
  await insertRows(client, TABLES.datasetGold, stored, token);
}

/** Rows of a split whose position is in [from, to), in order; by default all. */
export async function readDatasetRows(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  range: { split: Split; from?: number; to?: number },
): Promise<DatasetRow[]> {
  const rows = await runQuery(client, READ_ROWS, {
    project,
    dataset: dataset.name,
    version: dataset.version,
    split: range.split,
    from: range.from ?? 0,
    to: Math.min(range.to ?? LARGEST_POSITION, LARGEST_POSITION),
  });
  return rows.map(toDatasetRow);
}

/** Rows at these places of a split, in the order given. */
export async function rowsAt(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  { split, positions }: { split: Split; positions: readonly number[] },
): Promise<DatasetRow[]> {
  const of = { project, dataset: dataset.name, version: dataset.version, split };
  const rows = await runQuery(client, READ_PLACES, { ...of, positions: [...positions] });
  const found = new Map(rows.map((row) => [row.position, toDatasetRow(row)]));
  return positions.flatMap((position) => found.get(position) ?? []);
}

/** Gold answers of a split's rows, by row id. */
export async function goldOf(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  split: Split,
): Promise<Map<string, string>> {
  const rows = await runQuery(client, READ_GOLD, { project, dataset: dataset.name, version: dataset.version, split });
  return new Map(rows.map((row) => [row.row_id, row.gold]));
}

function toDatasetRow(row: z.output<typeof StoredRow>): DatasetRow {
  return {
    rowId: row.row_id,
    promptHash: row.prompt_hash,
    group: row.group_hash,
    split: row.split,
    position: row.position,
    messages: z.array(Message).parse(JSON.parse(row.messages)),
    tools: JSON.parse(row.tools) as unknown[] | null,
    responseFormat: JSON.parse(row.response_format),
    parameters: JSON.parse(row.parameters) as Record<string, unknown>,
    reference: row.reference,
    referenceTarget: row.reference_target,
    promptTokens: row.prompt_tokens,
    traceId: row.trace_id,
  };
}
