import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { TraceFilter, TracePage } from '../../contracts/traces.ts';
import type { ClickHouseClient } from './connection.ts';
import { readKept } from './forgotten-owners.ts';
import { defineQuery, runQuery } from './query.ts';
import { decodeTraceCursor, encodeTraceCursor, type TraceCursor } from './trace-cursor.ts';
import { FilterParameters, filterConditions, filterParameters } from './trace-filter.ts';
import { SUMMARY_COLUMNS, SummaryRow, toSummary } from './trace-rows.ts';

/** Traces that match are counted up to here. */
const MOST_COUNTED = 10_000;

/** A search looks at so much of the newest first, and at the rest where that has too few. */
const FIRST_WINDOW_MS = 7 * 86_400_000;

/**
 * Measured at 5 to 10 million rows: a search for words that orders and limits is slower by far with dynamic filtering, a list is
 * faster. Read in order, a search opens every part for the few rows that the index leaves of it: sorting those takes a fifth less.
 */
const SEARCH_SETTINGS = { use_top_k_dynamic_filtering: 0, optimize_read_in_order: 0 };

const ListParameters = FilterParameters.extend({
  limit: z.number(),
  cursorTs: z.string().optional(),
  cursorId: z.string().optional(),
  windowFrom: z.string().optional(),
  windowTo: z.string().optional(),
});

const time = (name: string) => `parseDateTime64BestEffort({${name}:String}, 3, 'UTC')`;

/** Traces of a project, newest first. A page stands still while newer traces arrive: its cursor is a place in time. */
export async function listTraces(
  client: ClickHouseClient,
  project: string,
  filter: TraceFilter,
  nowMs: number = Date.now(),
): Promise<TracePage> {
  const cursor = filter.cursor === undefined ? null : decodeTraceCursor(filter.cursor);
  const [rows, count] = await Promise.all([
    readKept(client, project, (kept) => rowsOf(client, project, { filter, cursor, nowMs, kept })),
    filter.count === 'true' ? countTraces(client, project, filter) : undefined,
  ]);
  const items = rows.slice(0, filter.limit).map(toSummary);
  const last = items.at(-1);
  const nextCursor = rows.length > filter.limit && last ? encodeTraceCursor({ ts: last.at, id: last.id }) : null;
  return { items, nextCursor, ...(count ? { count } : {}) };
}

interface ListParts {
  filter: TraceFilter;
  cursor: TraceCursor | null;
  nowMs: number;
  /** Conditions that leave out what is to be forgotten. */
  kept: readonly string[];
}

/** One more than a page has, where there are so many. */
async function rowsOf(
  client: ClickHouseClient,
  project: string,
  { filter, cursor, nowMs, kept }: ListParts,
): Promise<z.output<typeof SummaryRow>[]> {
  const rows: z.output<typeof SummaryRow>[] = [];
  for (const window of windowsOf(filter, cursor, nowMs)) {
    const conditions = [...filterConditions(filter), ...kept];
    if (cursor) conditions.push(`(ts, id) < (${time('cursorTs')}, {cursorId:UUID})`);
    if (window.windowFrom !== undefined) conditions.push(`ts >= ${time('windowFrom')}`);
    if (window.windowTo !== undefined) conditions.push(`ts < ${time('windowTo')}`);
    const query = defineQuery({
      name: 'list traces',
      sql: `SELECT ${SUMMARY_COLUMNS} FROM ${TABLES.traces} WHERE ${conditions.join(' AND ')} ORDER BY project DESC, ts DESC, id DESC LIMIT {limit:UInt32}`,
      parameters: ListParameters,
      row: SummaryRow,
      ...(filter.text === undefined ? {} : { settings: SEARCH_SETTINGS }),
    });
    const wanted = filter.limit + 1 - rows.length;
    rows.push(
      ...(await runQuery(client, query, {
        ...filterParameters(project, filter),
        ...window,
        limit: wanted,
        ...(cursor ? { cursorTs: cursor.ts, cursorId: cursor.id } : {}),
      })),
    );
    if (rows.length > filter.limit) break;
  }
  return rows;
}

interface Window {
  windowFrom?: string;
  windowTo?: string;
}

/** A search goes from the newest to the oldest in two steps; a list needs none, for it is read in its own order. */
function windowsOf({ text, since, until }: TraceFilter, cursor: TraceCursor | null, nowMs: number): Window[] {
  if (text === undefined) return [{}];
  const newest = Math.min(...[cursor?.ts, until].flatMap((at) => (at === undefined ? [] : [Date.parse(at)])), nowMs);
  const border = newest - FIRST_WINDOW_MS;
  if (since !== undefined && Date.parse(since) >= border) return [{}];
  const at = new Date(border).toISOString();
  return [{ windowFrom: at }, { windowTo: at }];
}

/** How many traces match, up to 10,000; `capped` where there are more. Cursor and limit of the filter do not count. */
export async function countTraces(
  client: ClickHouseClient,
  project: string,
  filter: TraceFilter,
): Promise<{ traces: number; capped: boolean }> {
  const query = (kept: readonly string[]) =>
    defineQuery({
      name: 'count traces',
      sql: `SELECT count() AS n FROM (SELECT 1 FROM ${TABLES.traces} WHERE ${[...filterConditions(filter), ...kept].join(' AND ')} LIMIT ${MOST_COUNTED + 1})`,
      parameters: FilterParameters,
      row: z.object({ n: z.number() }),
      ...(filter.text === undefined ? {} : { settings: SEARCH_SETTINGS }),
    });
  const [row] = await readKept(client, project, (kept) => runQuery(client, query(kept), filterParameters(project, filter)));
  const traces = row?.n ?? 0;
  return { traces, capped: traces > MOST_COUNTED };
}
