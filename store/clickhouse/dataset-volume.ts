import { z } from 'zod';
import { SPLITS } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import type { DatasetVersion } from './datasets.ts';
import { defineQuery, runQuery } from './query.ts';

const OF_VERSION = 'project = {project:String} AND dataset = {dataset:String} AND version = {version:UInt32}';

const VOLUME = defineQuery({
  name: 'volume of a dataset',
  sql: `SELECT split, count() AS rows, uniqExact(group_hash) AS groups, countIf(reference_target = {teacher:String}) AS recorded,
      countIf(row_id IN (SELECT row_id FROM ${TABLES.datasetGold} WHERE ${OF_VERSION})) AS gold,
      countIf(prompt_tokens > 0) AS counted_rows, sum(prompt_tokens) AS counted_tokens,
      sum(length(messages) + length(tools)) AS prompt_bytes, sum(length(reference)) AS reference_bytes,
      max(length(messages) + length(tools) + length(reference)) AS most_row_bytes,
      arrayFilter(id -> id != '', groupArraySample(300, 7)(trace_id)) AS trace_ids
    FROM (SELECT * FROM ${TABLES.datasetRows} WHERE ${OF_VERSION} LIMIT 1 BY row_id) GROUP BY split`,
  parameters: z.object({ project: z.string(), dataset: z.string(), version: z.number().int(), teacher: z.string() }),
  row: z.object({
    split: z.enum(SPLITS),
    rows: z.number(),
    groups: z.number(),
    recorded: z.number(),
    gold: z.number(),
    counted_rows: z.number(),
    counted_tokens: z.number(),
    prompt_bytes: z.number(),
    reference_bytes: z.number(),
    most_row_bytes: z.number(),
    trace_ids: z.array(z.string()),
  }),
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
});

const ANSWER_TOKENS = defineQuery({
  name: 'answer tokens of traces',
  sql: `SELECT countIf(tokens_out > 0) AS answers, sum(tokens_out) AS tokens FROM ${TABLES.traces} WHERE project = {project:String}
    AND ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND id IN {ids:Array(UUID)}`,
  parameters: z.object({ project: z.string(), ids: z.array(z.uuid()), from: z.number(), to: z.number() }),
  row: z.object({ answers: z.number(), tokens: z.number() }),
});

/** One split in numbers. */
export interface SplitVolume {
  rows: number;
  /** Near-duplicate groups. */
  groups: number;
  /** Rows that the teacher has answered already. */
  recorded: number;
  /** Rows with a gold answer. */
  gold: number;
}

/** How much text a dataset is: what estimates are made from. */
export interface DatasetVolume {
  splits: Record<(typeof SPLITS)[number], SplitVolume>;
  /** Mean tokens of a prompt and of an answer: as billed where calls were recorded, else a fourth of the bytes. */
  promptTokens: number;
  answerTokens: number;
  /** Bytes of the longest row, answer included: its tokens at most. */
  mostRowBytes: number;
}

/** A token of English is about four bytes. */
const BYTES_A_TOKEN = 4;

/** Sums up a version's rows without reading their text out. */
export async function datasetVolume(
  client: ClickHouseClient,
  project: string,
  dataset: DatasetVersion,
  teacher: string,
): Promise<DatasetVolume> {
  const parts = await runQuery(client, VOLUME, { project, dataset: dataset.name, version: dataset.version, teacher });
  const sum = (of: (part: (typeof parts)[number]) => number) => parts.reduce((total, part) => total + of(part), 0);
  const rows = Math.max(
    1,
    sum((part) => part.rows),
  );
  const counted = sum((part) => part.counted_rows);
  const billed = await answerTokens(
    client,
    project,
    parts.flatMap((part) => part.trace_ids),
  );
  const none = { rows: 0, groups: 0, recorded: 0, gold: 0 };
  const split = (name: (typeof SPLITS)[number]): SplitVolume => {
    const found = parts.find((part) => part.split === name);
    return found ? { rows: found.rows, groups: found.groups, recorded: found.recorded, gold: found.gold } : none;
  };
  return {
    splits: { train: split('train'), validation: split('validation'), test: split('test') },
    promptTokens: counted > 0 ? sum((part) => part.counted_tokens) / counted : sum((part) => part.prompt_bytes) / rows / BYTES_A_TOKEN,
    answerTokens: billed ?? Math.max(1, sum((part) => part.reference_bytes) / rows / BYTES_A_TOKEN),
    mostRowBytes: Math.max(0, ...parts.map((part) => part.most_row_bytes)),
  };
}

/** Mean tokens of the answers of those traces; null where none is stored. */
async function answerTokens(client: ClickHouseClient, project: string, traceIds: readonly string[]): Promise<number | null> {
  const ids = traceIds.filter((id) => z.uuid().safeParse(id).success).slice(0, 500);
  if (ids.length === 0) return null;
  const times = ids.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
  const [found] = await runQuery(client, ANSWER_TOKENS, { project, ids, from: Math.min(...times), to: Math.max(...times) });
  return found && found.answers > 0 ? found.tokens / found.answers : null;
}
