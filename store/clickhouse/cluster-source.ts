import { z } from 'zod';
import type { ClusterSource } from '../../contracts/clusters.ts';
import { TABLES } from '../../contracts/names.ts';
import { TRACE_STATUSES } from '../../contracts/traces.ts';
import type { ClickHouseClient } from './connection.ts';
import { withoutForgotten } from './forgotten-owners.ts';
import { defineQuery, runQuery } from './query.ts';
import { FilterParameters, filterConditions, filterParameters, type TraceChoice } from './trace-filter.ts';

/** What clustering reads of a trace. */
export interface SourceCall {
  id: string;
  ts: string;
  alias: string;
  target: string;
  keyId: string;
  status: string;
  tokensIn: number;
  tokensOut: number;
  costUsd: number | null;
  latencyMs: number;
  /** The request's body as it came. */
  request: string;
  promptText: string;
  answerText: string;
}

const PAGE_ROWS = 500;
const UNTIL = "parseDateTime64BestEffort({until:String}, 3, 'UTC')";
/** Shares are stated in these parts. */
const PARTS = 1_000_000;

const Row = z.object({
  id: z.string(),
  ts: z.string(),
  alias: z.string(),
  target: z.string(),
  key_id: z.string(),
  status: z.enum(TRACE_STATUSES),
  tokens_in: z.number(),
  tokens_out: z.number(),
  cost_usd: z.number().nullable(),
  latency_ms: z.number(),
  request: z.string(),
  prompt_text: z.string(),
  answer_text: z.string(),
});

/** Which of the source's traces are read. */
export interface SourceReading {
  /** Exclusive, and fixed by the caller, so that a second read gives the same rows. */
  until: string;
  /** Only this share of all, chosen by hash. */
  share?: { of: number; seed: number };
  /** Only those that are in no cluster yet. */
  unassigned?: boolean;
  /** Begins after this trace. */
  after?: { ts: string; id: string } | null;
}

/** Calls of apps, whatever they came to, in pages ordered by time and id; the pipeline's own stay out. */
export async function* clusterCalls(
  client: ClickHouseClient,
  project: string,
  source: ClusterSource,
  reading: SourceReading,
): AsyncGenerator<SourceCall[]> {
  const choice = choiceOf(source, reading.until);
  const conditions = [
    ...filterConditions(choice),
    ...(await withoutForgotten(client, project)),
    "ts >= parseDateTime64BestEffort({afterTs:String}, 3, 'UTC')",
    "(ts, toString(id)) > (parseDateTime64BestEffort({afterTs:String}, 3, 'UTC'), {afterId:String})",
  ];
  if (reading.share) conditions.push(`cityHash64(toString(id), {seed:UInt32}) % ${PARTS} < {parts:UInt32}`);
  if (reading.unassigned)
    conditions.push(
      `id NOT IN (SELECT trace_id FROM ${TABLES.traceClusters} WHERE project = {project:String} AND ts >= parseDateTime64BestEffort({afterTs:String}, 3, 'UTC')
        AND ts < ${UNTIL})`,
    );
  const page = defineQuery({
    name: 'traces to be clustered',
    sql: `SELECT ${Object.keys(Row.shape).join(', ')} FROM ${TABLES.traces}
      WHERE ${conditions.join(' AND ')} ORDER BY ts, toString(id) LIMIT 1 BY id LIMIT ${PAGE_ROWS}`,
    parameters: FilterParameters.extend({ afterTs: z.string(), afterId: z.string(), seed: z.number(), parts: z.number() }),
    row: Row,
    limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
  });
  const parts = Math.ceil((reading.share?.of ?? 1) * PARTS);
  let after = reading.after ?? { ts: source.since ?? '1970-01-01T00:00:00.000Z', id: '' };
  for (;;) {
    const rows = await runQuery(client, page, {
      ...filterParameters(project, choice),
      afterTs: after.ts,
      afterId: after.id,
      seed: reading.share?.seed ?? 0,
      parts,
    });
    if (rows.length > 0) yield rows.map(toCall);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE_ROWS) return;
    after = { ts: last.ts, id: last.id };
  }
}

/** How many traces the source holds. */
export async function countClusterCalls(
  client: ClickHouseClient,
  project: string,
  source: ClusterSource,
  untilIso: string,
): Promise<number> {
  const choice = choiceOf(source, untilIso);
  const conditions = [...filterConditions(choice), ...(await withoutForgotten(client, project))];
  const count = defineQuery({
    name: 'count traces to be clustered',
    sql: `SELECT count() AS n FROM ${TABLES.traces} WHERE ${conditions.join(' AND ')}`,
    parameters: FilterParameters,
    row: z.object({ n: z.number() }),
  });
  const [row] = await runQuery(client, count, filterParameters(project, choice));
  return row?.n ?? 0;
}

function choiceOf(source: ClusterSource, untilIso: string): TraceChoice {
  return { ...source, until: untilIso, ofApps: true };
}

function toCall(row: z.output<typeof Row>): SourceCall {
  return {
    id: row.id,
    ts: row.ts,
    alias: row.alias,
    target: row.target,
    keyId: row.key_id,
    status: row.status,
    tokensIn: row.tokens_in,
    tokensOut: row.tokens_out,
    costUsd: row.cost_usd,
    latencyMs: row.latency_ms,
    request: row.request,
    promptText: row.prompt_text,
    answerText: row.answer_text,
  };
}
