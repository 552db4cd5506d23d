import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { Trace, TraceRow } from '../../contracts/traces.ts';
import type { ArtifactStore } from '../artifacts/artifact-store.ts';
import { withImages } from '../images/stored-images.ts';
import type { ClickHouseClient } from './connection.ts';
import { readKept } from './forgotten-owners.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';
import { TRACE_COLUMNS, toTrace, WholeRow } from './trace-rows.ts';

const COUNT_STORED = defineQuery({
  name: 'count stored traces',
  sql: `SELECT uniqExact(id) AS n FROM ${TABLES.traces} WHERE project = {project:String}
    AND ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND id IN {ids:Array(UUID)}`,
  parameters: z.object({ project: z.string(), ids: z.array(z.uuid()), from: z.number(), to: z.number() }),
  row: z.object({ n: z.number() }),
});

const STORED_IDS = defineQuery({
  name: 'ids that are stored',
  // The key's own columns: what a subquery makes is looked up, not searched for.
  sql: `SELECT DISTINCT id, segment_id FROM ${TABLES.traces} WHERE project = {project:String}
    AND (ts, id) IN (SELECT fromUnixTimestamp64Milli(pair.1, 'UTC'), pair.2 FROM (SELECT arrayJoin(arrayZip({times:Array(Int64)}, {ids:Array(UUID)})) AS pair))`,
  parameters: z.object({ project: z.string(), ids: z.array(z.uuid()), times: z.array(z.number()) }),
  row: z.object({ id: z.string(), segment_id: z.string() }),
});

const IDS_OF_SEGMENT = defineQuery({
  name: 'ids of a segment',
  sql: `SELECT id FROM ${TABLES.traces} WHERE segment_id = {segment:String} AND ({all:Bool} OR NOT rolled_up)`,
  parameters: z.object({ segment: z.string(), all: z.boolean() }),
  row: z.object({ id: z.string() }),
});

// The time is part of the key: with it a look-up reads one granule, without it every part of the project.
const OF_ID = ['project = {project:String}', "ts = fromUnixTimestamp64Milli({ms:Int64}, 'UTC')", 'id = {id:UUID}'];
const traceById = (conditions: readonly string[]) =>
  `SELECT ${TRACE_COLUMNS} FROM ${TABLES.traces} WHERE ${[...OF_ID, ...conditions].join(' AND ')} LIMIT 1`;
const TRACE_BY_ID = defineQuery({
  name: 'trace by id',
  sql: traceById([]),
  parameters: z.object({ project: z.string(), id: z.uuid(), ms: z.number() }),
  row: WholeRow,
});

const PIPELINE_SPEND = defineQuery({
  name: 'spend of a distillation',
  sql: `SELECT sum(cost_usd) AS usd, count() AS calls, countIf(cost_usd IS NULL) AS unpriced FROM ${TABLES.traces}
    WHERE project = {project:String} AND origin = 'pipeline' AND hasAll(metadata_pairs, {pairs:Array(String)})
      AND metadata['distillation'] = {distillation:String} AND metadata['run'] = {run:String}`,
  parameters: z.object({ project: z.string(), pairs: z.array(z.string()), distillation: z.string(), run: z.string() }),
  row: z.object({ usd: z.number().nullable(), calls: z.number(), unpriced: z.number() }),
});

/**
 * Ships one sealed segment: lines of `TraceRow` JSON with `segment_id`. The same token again is dropped, in `attempts`
 * too. A bad row rejects the whole segment: `invalid_request` with the 1-based `data.row` where ClickHouse names it.
 */
export async function insertTraceSegment(
  client: ClickHouseClient,
  segment: { token: string; lines: Buffer; signal?: AbortSignal },
): Promise<void> {
  await insertRows(client, TABLES.traces, segment.lines, segment.token, segment.signal);
}

/**
 * Stores rows that belong together once, however often and by however many it is tried: all of them, or none where the first is
 * there already. Whether it was this try that stored them.
 */
export async function insertTracesOnce(
  client: ClickHouseClient,
  rows: readonly TraceRow[],
  once: { token: string; segmentId: string },
): Promise<boolean> {
  const [first] = rows;
  if (!first || (await storedIds(client, first.project, [first.id])).size > 0) return false;
  const lines = rows.map((row) => ({ ...row, segment_id: once.segmentId }));
  await insertRows(client, TABLES.traces, lines, once.token);
  // Of two at once the token lets one in.
  return (await storedIds(client, first.project, [first.id])).get(first.id) === once.segmentId;
}

/**
 * Ids that a segment brought: what a shipper asks after a send whose outcome it does not know. `before-rollups`: only those
 * that came before the roll-ups were there, and were rolled up by the migration.
 */
export async function idsOfSegment(
  client: ClickHouseClient,
  segmentId: string,
  which: 'all' | 'before-rollups' = 'all',
): Promise<Set<string>> {
  const rows = await runQuery(client, IDS_OF_SEGMENT, { segment: segmentId, all: which === 'all' });
  return new Set(rows.map((row) => row.id));
}

/** One whole trace, with its images where `artifacts` has them; null where the project has none of that id, or the id is none. */
export async function getTrace(client: ClickHouseClient, project: string, id: string, artifacts?: ArtifactStore): Promise<Trace | null> {
  if (!z.uuid().safeParse(id).success) return null;
  const [row] = await readKept(client, project, (kept) =>
    runQuery(client, { ...TRACE_BY_ID, sql: traceById(kept) }, { project, id, ms: millisecondsOf(id) }),
  );
  if (!row) return null;
  return toTrace(artifacts ? { ...row, request: await withImages(artifacts, project, row.request) } : row);
}

/** Which of these ids are stored, and by which segment they came. */
export async function storedIds(client: ClickHouseClient, project: string, ids: readonly string[]): Promise<Map<string, string>> {
  const stored = new Map<string, string>();
  for (let at = 0; at < ids.length; at += IDS_A_QUERY) {
    const some = ids.slice(at, at + IDS_A_QUERY);
    const found = await runQuery(client, STORED_IDS, { project, ids: some, times: some.map(millisecondsOf) });
    for (const { id, segment_id: segment } of found) stored.set(id, segment);
  }
  return stored;
}

/** They travel in the URL, which servers limit to 1 MiB and proxies to less. */
const IDS_A_QUERY = 500;

/** How many of these ids are stored. */
export async function countStored(client: ClickHouseClient, project: string, ids: readonly string[]): Promise<number> {
  let stored = 0;
  for (let at = 0; at < ids.length; at += IDS_A_QUERY) {
    const some = [...new Set(ids.slice(at, at + IDS_A_QUERY))];
    const times = some.map(millisecondsOf);
    const [row] = await runQuery(client, COUNT_STORED, { project, ids: some, from: Math.min(...times), to: Math.max(...times) });
    stored += row?.n ?? 0;
  }
  return stored;
}

/**
 * What a distillation's calls cost by their traces (metadata `distillation` and `run`), those that a crash cut off
 * included with their estimate. `unpriced` counts calls of unknown cost.
 */
export async function pipelineSpend(
  client: ClickHouseClient,
  project: string,
  run: { distillation: string; runId: string },
): Promise<{ usd: number; calls: number; unpriced: number }> {
  const pairs = [`distillation=${run.distillation}`, `run=${run.runId}`];
  const [row] = await runQuery(client, PIPELINE_SPEND, { project, pairs, distillation: run.distillation, run: run.runId });
  return { usd: row?.usd ?? 0, calls: row?.calls ?? 0, unpriced: row?.unpriced ?? 0 };
}

/** Time of a UUIDv7: its first 48 bits, milliseconds since 1970. */
export function millisecondsOf(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}
