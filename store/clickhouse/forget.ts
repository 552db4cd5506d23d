import { z } from 'zod';
import type { ForgetRequest, ForgottenCounts } from '../../contracts/forget.ts';
import { TABLES } from '../../contracts/names.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { ClickHouseClient } from './connection.ts';
import { contentToken } from './content-token.ts';
import { deleteRowsWhere } from './delete-rows.ts';
import { storeFailure } from './failure.ts';
import { askedFor, CARRIES_ALL_PAIRS, OWNER_KINDS, type OwnerKind, OWNERS, ownersOf } from './forgotten-owners.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';
import { millisecondsOf } from './traces.ts';

const OF_KIND = (kind: string) => `SELECT value FROM ${TABLES.forgotten} WHERE project = {project:String} AND kind = '${kind}'`;
/** The key's own columns, so that a call is looked up and not searched for. */
const TRACES = `SELECT ts, toUUID(value) FROM ${TABLES.forgotten} WHERE project = {project:String} AND kind = 'trace'`;

/** What belongs to a forgotten trace, table by table; traces go last, for by them the rest is found. */
const REMOVED: readonly { table: string; where: string; monthly: boolean }[] = [
  { table: TABLES.attempts, where: `(ts, trace_id) IN (${TRACES})`, monthly: true },
  { table: TABLES.feedback, where: `(ts, trace_id) IN (${TRACES})`, monthly: true },
  { table: TABLES.traceClusters, where: `(ts, trace_id) IN (${TRACES})`, monthly: true },
  { table: TABLES.imageUses, where: `(ts, trace_id) IN (${TRACES})`, monthly: true },
  { table: TABLES.datasetGold, where: `row_id IN (${OF_KIND('row')})`, monthly: false },
  { table: TABLES.datasetVerdicts, where: `row_id IN (${OF_KIND('row')})`, monthly: false },
  { table: TABLES.datasetEdits, where: `row_id IN (${OF_KIND('row')})`, monthly: false },
  { table: TABLES.datasetLeftOut, where: `row_id IN (${OF_KIND('row')})`, monthly: false },
  { table: TABLES.datasetSuspicions, where: `row_id IN (${OF_KIND('row')})`, monthly: false },
  { table: TABLES.datasetRows, where: `row_id IN (${OF_KIND('row')})`, monthly: false },
  { table: TABLES.candidates, where: `prompt_hash IN (${OF_KIND('prompt')}) OR trace_id IN (${OF_KIND('trace')})`, monthly: false },
  { table: TABLES.traces, where: `(ts, id) IN (${TRACES})`, monthly: true },
];

/** Calls of those that were noted, each up to when it was asked. */
const ownedBy = (kind: OwnerKind) => `SELECT {project:String}, 'trace', toString(id), ts, now64(3, 'UTC')
  FROM (SELECT id, ts, arrayJoin(${OWNERS[kind]}) AS owner FROM ${TABLES.traces} WHERE project = {project:String} AND origin != 'pipeline') AS calls
  INNER JOIN (${askedFor(kind)}) AS asked ON calls.owner = asked.value WHERE calls.ts < asked.before`;

/** Calls that carry all pairs of one request. */
const CARRYING_ALL = `SELECT {project:String}, 'trace', toString(id), ts, now64(3, 'UTC') FROM ${TABLES.traces}
  WHERE project = {project:String} AND origin != 'pipeline' AND ${CARRIES_ALL_PAIRS}`;

/** Of calls that a cache answered: whose answer that was. It was to the very same request. */
const OF_CACHES = `SELECT DISTINCT {project:String}, 'answer', JSONExtractString(router_decision, 'of') AS answer, toDateTime64(0, 3, 'UTC'), now64(3, 'UTC')
  FROM ${TABLES.traces} WHERE project = {project:String} AND (ts, id) IN (${TRACES}) AND startsWith(router_decision, '{"by":"cache"') AND isNotNull(toUUIDOrNull(answer))`;

/** Calls of a teacher that answered the prompts of forgotten rows, by the time that is in their ids. */
const OF_CANDIDATES = `SELECT {project:String}, 'trace', trace_id, UUIDv7ToDateTime(toUUID(trace_id), 'UTC'), now64(3, 'UTC') FROM ${TABLES.candidates}
  WHERE project = {project:String} AND prompt_hash IN (${OF_KIND('prompt')}) AND isNotNull(toUUIDOrNull(trace_id))`;

const Project = z.object({ project: z.string() });

/** Notes who and what is to be forgotten; the same again changes nothing. From here on it is on record, in ids and hashes alone. */
export async function noteForgotten(client: ClickHouseClient, project: string, request: ForgetRequest, atIso: string): Promise<void> {
  const at = clickHouseTime(Date.parse(atIso));
  const note = (kind: string, value: string, ts: string) => ({ project, kind, value, ts, at });
  const rows = [
    ...(request.ids ?? []).map((id) => note('trace', id.toLowerCase(), clickHouseTime(millisecondsOf(id)))),
    ...ownersOf(request).map(({ kind, value }) => note(kind, value, at)),
  ];
  await insertRows(client, TABLES.forgotten, rows, contentToken('forgotten', rows));
}

/** Ids of traces of all projects whose answers are nobody's to keep, for they were noted since, in milliseconds since 1970; some at a time. */
export async function* tracesForgottenSince(client: ClickHouseClient, since: number): AsyncGenerator<string[]> {
  const query = defineQuery({
    name: 'traces that were forgotten lately',
    sql: `SELECT DISTINCT value FROM ${TABLES.forgotten} WHERE kind IN ('trace', 'answer') AND at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC')
      AND value > {after:String} ORDER BY value LIMIT 10000`,
    parameters: z.object({ since: z.number(), after: z.string() }),
    row: z.object({ value: z.string() }),
  });
  let after = '';
  for (;;) {
    const ids = (await runQuery(client, query, { since: Math.max(0, since), after })).map(({ value }) => value);
    if (ids.length > 0) yield ids;
    if (ids.length < 10_000) return;
    after = ids.at(-1)!;
  }
}

/** Whether a project has anything to forget: for most this is all that is asked. */
export async function hasForgotten(client: ClickHouseClient, project: string): Promise<boolean> {
  const query = defineQuery({
    name: 'whether something is to be forgotten',
    sql: `SELECT 1 AS some FROM ${TABLES.forgotten} WHERE project = {project:String} LIMIT 1`,
    parameters: Project,
    row: z.object({ some: z.number() }),
  });
  return (await runQuery(client, query, { project })).length > 0;
}

/** Finds what belongs to those that were noted: their calls, rows of datasets, calls of the pipeline that held their texts. */
export async function findForgotten(client: ClickHouseClient, project: string, signal?: AbortSignal): Promise<void> {
  for (const kind of OWNER_KINDS) await noteFrom(client, project, ownedBy(kind));
  await noteFrom(client, project, CARRYING_ALL);
  await noteFrom(client, project, OF_CACHES);
  await noteRows(client, project);
  await noteFrom(
    client,
    project,
    `SELECT DISTINCT {project:String}, 'prompt', prompt_hash, toDateTime64(0, 3, 'UTC'), now64(3, 'UTC') FROM ${TABLES.datasetRows}
      WHERE project = {project:String} AND row_id IN (${OF_KIND('row')})`,
  );
  await noteFrom(
    client,
    project,
    `SELECT DISTINCT {project:String}, 'dataset-row', concat(dataset, '/', toString(version), '/', row_id), toDateTime64(0, 3, 'UTC'), now64(3, 'UTC')
      FROM ${TABLES.datasetRows} WHERE project = {project:String} AND row_id IN (${OF_KIND('row')})`,
  );
  await noteFrom(client, project, OF_CANDIDATES);
  for await (const texts of forgottenTexts(client, project)) {
    signal?.throwIfAborted();
    await noteFrom(
      client,
      project,
      `SELECT {project:String}, 'trace', toString(id), ts, now64(3, 'UTC') FROM ${TABLES.traces}
        WHERE project = {project:String} AND origin = 'pipeline' AND multiSearchAny(concat(request, response), {needles:Array(String)})`,
      { needles: texts },
    );
  }
}

/** What is stored now of what is to be forgotten. */
export async function countForgotten(client: ClickHouseClient, project: string): Promise<ForgottenCounts> {
  const query = defineQuery({
    name: 'what is to be forgotten',
    sql: `SELECT (SELECT count() FROM ${TABLES.traces} WHERE project = {project:String} AND (ts, id) IN (${TRACES}) AND origin != 'pipeline') AS traces,
      (SELECT count() FROM ${TABLES.traces} WHERE project = {project:String} AND (ts, id) IN (${TRACES}) AND origin = 'pipeline') AS pipelineTraces,
      (SELECT count() FROM ${TABLES.feedback} WHERE project = {project:String} AND (ts, trace_id) IN (${TRACES})) AS feedback,
      (SELECT count() FROM ${TABLES.datasetRows} WHERE project = {project:String} AND row_id IN (${OF_KIND('row')})) AS datasetRows`,
    parameters: Project,
    row: z.object({ traces: z.number(), pipelineTraces: z.number(), feedback: z.number(), datasetRows: z.number() }),
  });
  return (await runQuery(client, query, { project }))[0]!;
}

/** Calls that a request names and that are stored. */
export async function countNamed(
  client: ClickHouseClient,
  project: string,
  { ids = [], user, session, metadata }: ForgetRequest,
): Promise<number> {
  const query = defineQuery({
    name: 'calls to be forgotten',
    sql: `SELECT uniqExact(id) AS n FROM ${TABLES.traces} WHERE project = {project:String} AND origin != 'pipeline' AND (
      ({user:String} != '' AND user_id = {user:String}) OR ({session:String} != '' AND session_id = {session:String}) OR
      (notEmpty({keys:Array(String)}) AND hasAll(metadata_pairs, {pairs:Array(String)}) AND
        arrayAll((k, v) -> mapContains(metadata, k) AND metadata[k] = v, {keys:Array(String)}, {values:Array(String)})) OR
      (ts, id) IN (SELECT fromUnixTimestamp64Milli(pair.1, 'UTC'), pair.2 FROM (SELECT arrayJoin(arrayZip({times:Array(Int64)}, {ids:Array(UUID)})) AS pair)))`,
    parameters: z.object({
      project: z.string(),
      ids: z.array(z.uuid()),
      times: z.array(z.number()),
      user: z.string(),
      session: z.string(),
      pairs: z.array(z.string()),
      keys: z.array(z.string()),
      values: z.array(z.string()),
    }),
    row: z.object({ n: z.number() }),
  });
  const entries = Object.entries(metadata ?? {});
  const carried = {
    keys: entries.map(([key]) => key),
    values: entries.map(([, value]) => value),
    pairs: entries.map((pair) => pair.join('=')),
  };
  const nobody = { user: '', session: '', keys: [], values: [], pairs: [] };
  let named = 0;
  for (let at = 0; at === 0 || at < ids.length; at += 500) {
    const some = ids.slice(at, at + 500);
    const owners = at === 0 ? { user: user ?? '', session: session ?? '', ...carried } : nobody;
    named += (await runQuery(client, query, { project, ids: some, times: some.map(millisecondsOf), ...owners }))[0]!.n;
  }
  return named;
}

/** Images that forgotten calls alone name: SHA-256 each. */
export async function imagesOfForgotten(client: ClickHouseClient, project: string): Promise<string[]> {
  const query = defineQuery({
    name: 'images of what is forgotten',
    sql: `SELECT toString(sha256) AS image FROM ${TABLES.imageUses} WHERE project = {project:String} AND sha256 IN
        (SELECT sha256 FROM ${TABLES.imageUses} WHERE project = {project:String} AND (ts, trace_id) IN (${TRACES}))
      GROUP BY sha256 HAVING countIf((ts, trace_id) NOT IN (${TRACES})) = 0`,
    parameters: Project,
    row: z.object({ image: z.string() }),
  });
  return (await runQuery(client, query, { project })).map(({ image }) => image);
}

/** Removes it from every table, the very bytes; the same again removes what is left. Whether there was something. */
export async function removeForgotten(client: ClickHouseClient, project: string): Promise<boolean> {
  let some = false;
  for (const { table, where, monthly } of REMOVED) {
    const condition = `project = {project:String} AND (${where})`;
    some = (await deleteRowsWhere(client, table, condition, { project }, { monthly })) || some;
  }
  return some;
}

/** Ids of forgotten rows that datasets still hold, 200 at a time. */
export async function* forgottenRowIds(client: ClickHouseClient, project: string): AsyncGenerator<string[]> {
  const query = defineQuery({
    name: 'rows that are to be forgotten',
    sql: `SELECT DISTINCT row_id FROM ${TABLES.datasetRows}
      WHERE project = {project:String} AND row_id IN (${OF_KIND('row')}) AND row_id > {after:String} ORDER BY row_id LIMIT 200`,
    parameters: Project.extend({ after: z.string() }),
    row: z.object({ row_id: z.string() }),
  });
  let after = '';
  for (;;) {
    const ids = (await runQuery(client, query, { project, after })).map(({ row_id: id }) => id);
    if (ids.length > 0) yield ids;
    if (ids.length < 200) return;
    after = ids.at(-1)!;
  }
}

/** How many rows each version of the project's datasets has lost, by `name/version`. */
export async function forgottenOfDatasets(client: ClickHouseClient, project: string): Promise<Map<string, number>> {
  const query = defineQuery({
    name: 'rows that datasets have lost',
    sql: `SELECT arrayStringConcat(arraySlice(splitByChar('/', value), 1, 2), '/') AS version, uniqExact(value) AS n FROM ${TABLES.forgotten}
      WHERE project = {project:String} AND kind = 'dataset-row' GROUP BY version`,
    parameters: Project,
    row: z.object({ version: z.string(), n: z.number() }),
  });
  return new Map((await runQuery(client, query, { project })).map(({ version, n }) => [version, n]));
}

/** So short a text is anybody's. */
const LEAST_TEXT = 24;
/** Of a long text the beginning tells enough: prompts of the pipeline cut long ones. */
const MOST_TEXT = 200;

/** Texts of the forgotten calls that are still stored, as they stand within JSON; 200 at a time. */
export async function* forgottenTexts(client: ClickHouseClient, project: string): AsyncGenerator<string[]> {
  const query = defineQuery({
    name: 'texts that are to be forgotten',
    sql: `SELECT DISTINCT substringUTF8(prompt_text, 1, ${MOST_TEXT}) AS text FROM ${TABLES.traces}
      WHERE project = {project:String} AND (ts, id) IN (${TRACES}) AND origin != 'pipeline' AND lengthUTF8(prompt_text) >= ${LEAST_TEXT} AND prompt_text > {after:String}
      ORDER BY prompt_text LIMIT 200`,
    parameters: Project.extend({ after: z.string() }),
    row: z.object({ text: z.string() }),
    limits: { max_execution_time: 60 },
  });
  let after = '';
  for (;;) {
    const rows = await runQuery(client, query, { project, after });
    // The sample's text is trimmed; JSON writes quotes and line ends by escapes.
    if (rows.length > 0) yield rows.map(({ text }) => JSON.stringify(text).slice(1, -1));
    if (rows.length < 200) return;
    after = rows.at(-1)!.text;
  }
}

/** A trace is a row of datasets under the hash of its id. */
async function noteRows(client: ClickHouseClient, project: string): Promise<void> {
  const query = defineQuery({
    name: 'traces that are to be forgotten',
    sql: `SELECT DISTINCT value FROM ${TABLES.forgotten} WHERE project = {project:String} AND kind = 'trace' AND value > {after:String} ORDER BY value LIMIT 10000`,
    parameters: Project.extend({ after: z.string() }),
    row: z.object({ value: z.string() }),
  });
  let after = '';
  for (;;) {
    const ids = (await runQuery(client, query, { project, after })).map(({ value }) => value);
    const rows = ids.map((id) => ({ project, kind: 'row', value: contentHash({ trace: id }), ts: 0, at: 0 }));
    await insertRows(client, TABLES.forgotten, rows, contentToken('forgotten', rows));
    if (ids.length < 10_000) return;
    after = ids.at(-1)!;
  }
}

async function noteFrom(client: ClickHouseClient, project: string, select: string, more: Record<string, unknown> = {}): Promise<void> {
  try {
    await client.command({
      query: `INSERT INTO ${TABLES.forgotten} (project, kind, value, ts, at) ${select}`,
      query_params: { project, ...more },
      clickhouse_settings: { wait_end_of_query: 1, max_execution_time: 600, insert_deduplicate: 0 },
    });
  } catch (error) {
    throw storeFailure(error, 'note what is to be forgotten');
  }
}
