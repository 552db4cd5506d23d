import { z } from 'zod';
import { type Feedback, type FeedbackRequest, THUMBS } from '../../contracts/feedback.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';
import { millisecondsOf } from './traces.ts';

/**
 * A project's feedback for which a condition holds, by trace and oldest first. Past the deduplication window the same id may stand
 * twice: the first counts. In the order of the key, so that nothing is sorted.
 */
export const feedbackOnce = (columns: string, where = '1') =>
  `SELECT ${columns} FROM ${TABLES.feedback} WHERE project = {project:String} AND ${where} ORDER BY project, ts, trace_id, at, id LIMIT 1 BY ts, trace_id, id`;

const OF_TRACE = defineQuery({
  name: 'feedback of a trace',
  sql: `${feedbackOnce(
    'id, at, key_id, thumbs, score, comment, corrected_answer, user_id',
    "ts = fromUnixTimestamp64Milli({ms:Int64}, 'UTC') AND trace_id = {trace:UUID}",
  )} LIMIT 1000`,
  parameters: z.object({ project: z.string(), trace: z.uuid(), ms: z.number() }),
  row: z.object({
    id: z.string(),
    at: z.string(),
    key_id: z.string(),
    thumbs: z.enum(['', ...THUMBS]),
    score: z.number().nullable(),
    comment: z.string(),
    corrected_answer: z.string().nullable(),
    user_id: z.string(),
  }),
});

const CORRECTED = defineQuery({
  name: 'corrected answers',
  sql: `SELECT toString(trace_id) AS trace, argMax(corrected_answer, (at, id)) AS answer FROM (${feedbackOnce(
    'trace_id, at, id, corrected_answer',
    `trace_id IN {traces:Array(UUID)}
      AND ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC')
      AND at < parseDateTime64BestEffort({until:String}, 3, 'UTC')`,
  )})
    WHERE corrected_answer IS NOT NULL GROUP BY trace`,
  parameters: z.object({ project: z.string(), traces: z.array(z.uuid()), from: z.number(), to: z.number(), until: z.string() }),
  row: z.object({ trace: z.string(), answer: z.string() }),
});

const KNOWN = defineQuery({
  name: 'whether a trace is stored',
  sql: `SELECT 1 AS known FROM ${TABLES.traces}
    WHERE project = {project:String} AND ts = fromUnixTimestamp64Milli({ms:Int64}, 'UTC') AND id = {trace:UUID} LIMIT 1`,
  parameters: z.object({ project: z.string(), trace: z.uuid(), ms: z.number() }),
  row: z.object({ known: z.number() }),
});

/** One piece of feedback, and when and with which key it came. */
export interface GivenFeedback {
  id: string;
  /** ISO 8601. */
  at: string;
  keyId: string;
  said: FeedbackRequest;
}

/** Stores it once: the same id of the same trace again is dropped. When it returns, ClickHouse has it. */
export async function insertFeedback(client: ClickHouseClient, project: string, { id, at, keyId, said }: GivenFeedback): Promise<void> {
  const row = {
    project,
    trace_id: said.trace_id,
    ts: new Date(millisecondsOf(said.trace_id)).toISOString(),
    id,
    at,
    key_id: keyId,
    thumbs: said.thumbs ?? '',
    score: said.score ?? null,
    comment: said.comment ?? '',
    corrected_answer: said.corrected_answer ?? null,
    user_id: said.user ?? '',
  };
  await insertRows(client, TABLES.feedback, [row], `${project}/${said.trace_id}/${id}`);
}

/** What was said of a trace, oldest first, at most 1,000. */
export async function feedbackOf(client: ClickHouseClient, project: string, traceId: string): Promise<Feedback[]> {
  const rows = await runQuery(client, OF_TRACE, { project, trace: traceId, ms: millisecondsOf(traceId) });
  return rows.map((row) => ({
    id: row.id,
    at: row.at,
    keyId: row.key_id,
    userId: row.user_id,
    thumbs: row.thumbs || null,
    score: row.score,
    comment: row.comment || null,
    correctedAnswer: row.corrected_answer,
  }));
}

/**
 * The newest corrected answer of each of these traces (at most some hundred, UUIDv7) that was given before `untilIso`, so that a
 * second reading gives the same.
 */
export async function correctedAnswers(
  client: ClickHouseClient,
  project: string,
  traces: readonly string[],
  untilIso: string,
): Promise<Map<string, string>> {
  if (traces.length === 0) return new Map();
  const times = traces.map(millisecondsOf);
  const span = { from: Math.min(...times), to: Math.max(...times), until: untilIso };
  const rows = await runQuery(client, CORRECTED, { project, traces: [...traces], ...span });
  return new Map(rows.map(({ trace, answer }) => [trace, answer]));
}

/** Whether the project has a trace of that id (UUIDv7). */
export async function isTraceStored(client: ClickHouseClient, project: string, traceId: string): Promise<boolean> {
  return (await runQuery(client, KNOWN, { project, trace: traceId, ms: millisecondsOf(traceId) })).length > 0;
}
