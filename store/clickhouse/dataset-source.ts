import { z } from 'zod';
import type { DatasetSource } from '../../contracts/datasets.ts';
import { TABLES } from '../../contracts/names.ts';
import { BODIES_LEFT_OUT, type BodiesLeftOut } from '../../contracts/traces.ts';
import type { ClickHouseClient } from './connection.ts';
import { withoutForgotten } from './forgotten-owners.ts';
import { defineQuery, runQuery } from './query.ts';
import { FilterParameters, filterConditions, filterParameters, type TraceChoice } from './trace-filter.ts';

type TracesSource = Extract<DatasetSource, { traces: unknown }>['traces'];

/** What a dataset reads of a trace. */
export interface SourceTrace {
  id: string;
  target: string;
  /** The request's body as it came. */
  request: string;
  answerText: string;
  finishReason: string;
  tokensIn: number;
  metadata: Record<string, string>;
  /** Why there are none; empty where there are. */
  bodies: BodiesLeftOut | '';
}

const PAGE_ROWS = 500;

const Row = z.object({
  id: z.string(),
  ts: z.string(),
  target: z.string(),
  request: z.string(),
  answer_text: z.string(),
  finish_reason: z.string(),
  tokens_in: z.number(),
  metadata: z.record(z.string(), z.string()),
  bodies: z.enum(['', ...BODIES_LEFT_OUT]),
});

/**
 * Traces of a source in pages, ordered by id: calls of apps that were answered; failed, interrupted and cancelled ones
 * stay out. `untilIso` is exclusive and fixed by the caller, so that a second read gives the same rows.
 */
export async function* datasetTraces(
  client: ClickHouseClient,
  project: string,
  source: TracesSource,
  untilIso: string,
): AsyncGenerator<SourceTrace[]> {
  const choice = datasetChoice(source, untilIso);
  const conditions = [...filterConditions(choice), ...(await withoutForgotten(client, project))];
  const page = defineQuery({
    name: 'traces of a dataset',
    // Text order of a UUIDv7 is the order of time; ClickHouse's own order of UUIDs is not.
    sql: `SELECT id, ts, target, request, answer_text, finish_reason, tokens_in, metadata, bodies FROM ${TABLES.traces}
      WHERE ${conditions.join(' AND ')} AND ts >= parseDateTime64BestEffort({afterTs:String}, 3, 'UTC')
        AND (ts, toString(id)) > (parseDateTime64BestEffort({afterTs:String}, 3, 'UTC'), {afterId:String})
      ORDER BY ts, toString(id) LIMIT 1 BY id LIMIT ${PAGE_ROWS}`,
    parameters: FilterParameters.extend({ afterTs: z.string(), afterId: z.string() }),
    row: Row,
    limits: { max_execution_time: 60, max_memory_usage: 4 * 1024 ** 3 },
  });
  let after = { ts: '1970-01-01T00:00:00.000Z', id: '' };
  for (;;) {
    const rows = await runQuery(client, page, { ...filterParameters(project, choice), afterTs: after.ts, afterId: after.id });
    if (rows.length > 0) yield rows.map(toSourceTrace);
    const last = rows.at(-1);
    if (!last || rows.length < PAGE_ROWS) return;
    after = { ts: last.ts, id: last.id };
  }
}

/** How many traces `datasetTraces` gives. */
export async function countDatasetTraces(
  client: ClickHouseClient,
  project: string,
  source: TracesSource,
  untilIso: string,
): Promise<number> {
  const choice = datasetChoice(source, untilIso);
  const conditions = [...filterConditions(choice), ...(await withoutForgotten(client, project))];
  const count = defineQuery({
    name: 'count traces of a dataset',
    sql: `SELECT uniqExact(id) AS n FROM ${TABLES.traces} WHERE ${conditions.join(' AND ')}`,
    parameters: FilterParameters,
    row: z.object({ n: z.number() }),
  });
  const [row] = await runQuery(client, count, filterParameters(project, choice));
  return row?.n ?? 0;
}

/** Calls of apps that were answered, here or, by a log, elsewhere. */
export function datasetChoice(source: TracesSource, untilIso: string): TraceChoice {
  return { ...source, until: untilIso, status: 'ok', ofApps: true };
}

function toSourceTrace(row: z.output<typeof Row>): SourceTrace {
  return {
    id: row.id,
    target: row.target,
    request: row.request,
    answerText: row.answer_text,
    finishReason: row.finish_reason,
    tokensIn: row.tokens_in,
    metadata: row.metadata,
    bodies: row.bodies,
  };
}
