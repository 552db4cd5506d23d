import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import type { DatasetVersion } from './datasets.ts';
import { defineQuery, runQuery } from './query.ts';

const SHAPE = defineQuery({
  name: 'shape of a dataset',
  sql: `SELECT reference_target, split, count() AS rows, quantileExact(0.99)(length(reference)) AS p99_reference_bytes,
      max(length(messages) + length(tools) + length(response_format)) AS most_prompt_bytes,
      max(if(prompt_tokens > 0, prompt_tokens, length(messages) + length(tools) + length(response_format))) AS most_prompt_tokens
    FROM (SELECT * FROM ${TABLES.datasetRows} WHERE project = {project:String} AND dataset = {dataset:String} AND version = {version:UInt32} LIMIT 1 BY row_id)
    GROUP BY reference_target, split ORDER BY rows DESC`,
  parameters: z.object({ project: z.string(), dataset: z.string(), version: z.number().int() }),
  row: z.object({
    reference_target: z.string(),
    split: z.enum(['train', 'validation', 'test']),
    rows: z.number(),
    p99_reference_bytes: z.number(),
    most_prompt_bytes: z.number(),
    most_prompt_tokens: z.number(),
  }),
  limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
});

/** What a distillation has to know of a dataset's rows before it pays for an answer. */
export interface DatasetShape {
  /** Who answered how many rows, most first; files have no answerer. */
  answeredBy: { target: string; rows: number }[];
  /** 99th percentile of the reference answers in bytes. */
  p99ReferenceBytes: number;
  /** Tokens of the longest prompt at most: as this teacher was billed, bytes where it was not asked. */
  mostPromptTokens(teacher: string): number;
}

/** Sums up a version's rows without reading their text out. */
export async function datasetShape(client: ClickHouseClient, project: string, dataset: DatasetVersion): Promise<DatasetShape> {
  const parts = await runQuery(client, SHAPE, { project, dataset: dataset.name, version: dataset.version });
  const byTarget = new Map<string, number>();
  for (const part of parts) byTarget.set(part.reference_target, (byTarget.get(part.reference_target) ?? 0) + part.rows);
  byTarget.delete('');
  return {
    answeredBy: [...byTarget].map(([target, n]) => ({ target, rows: n })).sort((a, b) => b.rows - a.rows),
    p99ReferenceBytes: Math.max(0, ...parts.map((part) => part.p99_reference_bytes)),
    mostPromptTokens: (teacher) =>
      Math.max(0, ...parts.map((part) => (part.reference_target === teacher ? part.most_prompt_tokens : part.most_prompt_bytes))),
  };
}
