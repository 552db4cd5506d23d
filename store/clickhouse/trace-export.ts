import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ExportFormat, TraceFilter } from '../../contracts/traces.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';
import { fileBytes } from './file-bytes.ts';
import { withoutForgotten } from './forgotten-owners.ts';
import { FilterParameters, filterConditions, filterParameters } from './trace-filter.ts';

/** Rows of one query: between queries others get their turn, however slowly somebody reads. */
const PAGE_ROWS = 5_000;

/** All of a trace. Bodies are JSON as text, as they are stored: an image is a reference. */
const COLUMNS = `toString(id) AS id, ts AS at, origin, kind, key_id AS keyId, alias, alias_version AS aliasVersion, router_decision AS routerDecision, target, provider,
  model_asked AS modelAsked, model_answered AS modelAnswered, status, http_status AS httpStatus, error_class AS errorClass, error_message AS errorMessage,
  streamed, request, response, finish_reason AS finishReason, tools, tools_called AS toolsCalled, tokens_in AS tokensIn, tokens_out AS tokensOut,
  tokens_cached AS tokensCached, tokens_cache_write AS tokensCacheWrite, tokens_reasoning AS tokensReasoning, cost_usd AS costUsd, cost_estimated_usd AS costEstimatedUsd,
  cost_input_usd AS costInputUsd, cost_output_usd AS costOutputUsd, cost_cached_usd AS costCachedUsd, cost_cache_write_usd AS costCacheWriteUsd,
  latency_ms AS latencyMs, first_token_ms AS firstTokenMs, request_bytes AS requestBytes, response_bytes AS responseBytes, user_id AS userId, session_id AS sessionId, metadata, bodies`;

const FORMATS = { jsonl: 'JSONEachRow', csv: 'CSV', parquet: 'Parquet' } as const;

const time = (name: string) => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`;

/**
 * A project's traces, oldest first, as bytes of a file; those that began before `untilIso`. Memory is the same for any
 * number of them: lines go page by page, Parquet is written by ClickHouse as it reads. The tuple (time, id) is the place
 * that a page goes on from, so that no row is lost or doubled while others arrive.
 */
export async function* exportTraces(
  client: ClickHouseClient,
  project: string,
  { filter, format, untilIso }: { filter: TraceFilter; format: ExportFormat; untilIso: string },
): AsyncGenerator<Buffer> {
  const chosen = { ...filter, cursor: undefined, until: untilIso };
  const conditions = [...filterConditions(chosen), ...(await withoutForgotten(client, project))];
  const parameters = filterParameters(project, chosen);
  if (format === 'parquet') {
    yield* fileBytes(client, statement(conditions, format), parameters);
    return;
  }
  if (format === 'csv') yield* fileBytes(client, `SELECT ${COLUMNS} FROM ${TABLES.traces} WHERE 0 FORMAT CSVWithNames`, {});
  let after: Place | null = null;
  for (;;) {
    const page: string[] = after ? [...conditions, `(ts, id) > (${time('afterTs')}, {afterId:UUID})`] : conditions;
    const from: Record<string, unknown> = { ...parameters, ...(after ? { afterTs: after.ts, afterId: after.id } : {}) };
    const end = await endOfPage(client, page, from);
    if (!end) {
      yield* fileBytes(client, statement(page, format), from);
      return;
    }
    const until = `(ts, id) <= (${time('endTs')}, {endId:UUID})`;
    yield* fileBytes(client, statement([...page, until], format), { ...from, endTs: end.ts, endId: end.id });
    after = end;
  }
}

interface Place {
  ts: string;
  id: string;
}

function statement(conditions: readonly string[], format: ExportFormat): string {
  return `SELECT ${COLUMNS} FROM ${TABLES.traces} WHERE ${conditions.join(' AND ')} ORDER BY project, ts, id FORMAT ${FORMATS[format]}`;
}

/** The last row of a full page; null where less is left. It reads no bodies. */
async function endOfPage(
  client: ClickHouseClient,
  conditions: readonly string[],
  parameters: Record<string, unknown>,
): Promise<Place | null> {
  const query = defineQuery({
    name: 'page of an export',
    sql: `SELECT ts, id FROM ${TABLES.traces} WHERE ${conditions.join(' AND ')} ORDER BY project, ts, id LIMIT 1 OFFSET ${PAGE_ROWS - 1}`,
    parameters: FilterParameters.extend({ afterTs: z.string().optional(), afterId: z.string().optional() }),
    row: z.object({ ts: z.string(), id: z.string() }),
    limits: { max_execution_time: 60 },
  });
  const [row] = await runQuery(client, query, parameters as { project: string });
  return row ?? null;
}
