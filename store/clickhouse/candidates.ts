import { z } from 'zod';
import type { Candidate } from '../../contracts/candidates.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/** Prompts a query: they travel in the URL, 67 bytes each. */
const PROMPTS_PER_QUERY = 500;

const Row = z.object({
  project: z.string(),
  prompt_hash: z.string(),
  teacher: z.string(),
  sampling: z.string(),
  sample: z.number(),
  answer: z.string(),
  finish_reason: z.string(),
  trace_id: z.string(),
  tokens_in: z.number(),
  tokens_out: z.number(),
  cost_usd: z.number().nullable(),
  latency_ms: z.number(),
  distillation: z.string(),
  run_id: z.string(),
  created_at: z.string(),
});

const OF_PROMPTS = defineQuery({
  name: 'candidates of prompts',
  // Of two answers to the same sample the first one counts: a late double must not change what a run has read.
  sql: `SELECT ${Object.keys(Row.shape).join(', ')} FROM ${TABLES.candidates}
    WHERE project = {project:String} AND teacher = {teacher:String} AND sampling = {sampling:String} AND prompt_hash IN {prompts:Array(String)}
    ORDER BY prompt_hash, sample, created_at, trace_id LIMIT 1 BY prompt_hash, sample`,
  parameters: z.object({ project: z.string(), teacher: z.string(), sampling: z.string(), prompts: z.array(z.string()) }),
  row: Row,
});

const SPEND = defineQuery({
  name: 'spend on candidates',
  sql: `SELECT sum(cost_usd) AS usd, count() AS calls FROM (SELECT cost_usd FROM ${TABLES.candidates}
    WHERE project = {project:String} AND distillation = {distillation:String} AND run_id = {run:String} LIMIT 1 BY teacher, sampling, prompt_hash, sample, trace_id)`,
  parameters: z.object({ project: z.string(), distillation: z.string(), run: z.string() }),
  row: z.object({ usd: z.number().nullable(), calls: z.number() }),
});

/** Journals answers as they were received; `token` names this very batch. */
export async function appendCandidates(client: ClickHouseClient, candidates: readonly Candidate[], token: string): Promise<void> {
  const rows = candidates.map((candidate) => ({
    project: candidate.project,
    prompt_hash: candidate.promptHash,
    teacher: candidate.teacher,
    sampling: candidate.sampling,
    sample: candidate.sample,
    answer: candidate.answer,
    finish_reason: candidate.finishReason,
    trace_id: candidate.traceId,
    tokens_in: candidate.tokensIn,
    tokens_out: candidate.tokensOut,
    cost_usd: candidate.costUsd,
    latency_ms: candidate.latencyMs,
    distillation: candidate.distillation,
    run_id: candidate.runId,
    created_at: candidate.createdAt,
  }));
  await insertRows(client, TABLES.candidates, rows, token);
}

/** Answers of a teacher, sampled in one way, to these prompts; one an (prompt, sample), whoever paid for it. */
export async function candidatesOf(
  client: ClickHouseClient,
  project: string,
  by: { teacher: string; sampling: string },
  promptHashes: readonly string[],
): Promise<Candidate[]> {
  const found: Candidate[] = [];
  const unique = [...new Set(promptHashes)];
  for (let at = 0; at < unique.length; at += PROMPTS_PER_QUERY) {
    const prompts = unique.slice(at, at + PROMPTS_PER_QUERY);
    const rows = await runQuery(client, OF_PROMPTS, { project, teacher: by.teacher, sampling: by.sampling, prompts });
    for (const row of rows) found.push(toCandidate(row));
  }
  return found;
}

/** What a run has paid for journalled answers; unpriced ones count as calls, not as dollars. */
export async function candidateSpend(
  client: ClickHouseClient,
  project: string,
  run: { distillation: string; runId: string },
): Promise<{ usd: number; calls: number }> {
  const [row] = await runQuery(client, SPEND, { project, distillation: run.distillation, run: run.runId });
  return { usd: row?.usd ?? 0, calls: row?.calls ?? 0 };
}

function toCandidate(row: z.output<typeof Row>): Candidate {
  return {
    project: row.project,
    promptHash: row.prompt_hash,
    teacher: row.teacher,
    sampling: row.sampling,
    sample: row.sample,
    answer: row.answer,
    finishReason: row.finish_reason,
    traceId: row.trace_id,
    tokensIn: row.tokens_in,
    tokensOut: row.tokens_out,
    costUsd: row.cost_usd,
    latencyMs: row.latency_ms,
    distillation: row.distillation,
    runId: row.run_id,
    createdAt: row.created_at.replace('T', ' ').replace('Z', ''),
  };
}
