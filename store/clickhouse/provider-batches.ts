import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import { ORIGINS } from '../../contracts/traces.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/**
 * How a batch stands, from one to the next and never back: `asked`: its provider may have it; `none`: it has not, as far as can be told;
 * `open`: it is under way there; `settled`: what it used is recorded.
 */
const BATCH_STATES = ['asked', 'none', 'open', 'settled'] as const;
export type BatchState = (typeof BATCH_STATES)[number];

/** A batch at a provider, by the trace of the call that made it. */
export interface ProviderBatch {
  project: string;
  callId: string;
  /** Milliseconds since 1970: when that call came. What the batch costs counts on that day. */
  createdMs: number;
  state: BatchState;
  provider: string;
  /** The provider's own; empty while that is not known. */
  id: string;
  inputFileId: string;
  endpoint: string;
  /** As its lines name them. */
  models: readonly string[];
  /** What it may cost at most, US dollars; null where nobody knows. */
  worstUsd: number | null;
  origin: (typeof ORIGINS)[number];
  keyId: string;
  /** Nobody looks at it before. */
  nextMs: number;
  /** After that nobody waits for it. */
  untilMs: number;
  /** Who looks at it, or did last. */
  holder: string;
}

const NEWEST = [
  'state',
  'provider',
  'id',
  'input_file_id',
  'endpoint',
  'models',
  'worst_usd',
  'origin',
  'key_id',
  'next_at',
  'until',
  'holder',
] as const;
// No batch is under way for longer: partitions of earlier months are not looked at.
const UNDER_WAY = `FROM ${TABLES.providerBatches} WHERE created_at > now() - INTERVAL 40 DAY`;
const columns = (names: readonly string[]) => names.map((name) => `newest.${names.indexOf(name) + 1} AS ${name}_`).join(', ');
const newestOf = (names: readonly string[], where: string) =>
  `SELECT project, call_id, created_at_, ${columns(names)} FROM
    (SELECT project, call_id, any(created_at) AS created_at_, argMax(tuple(${names.join(', ')}), version) AS newest ${where} GROUP BY project, call_id)`;

const DUE = defineQuery({
  name: 'batches that are to be looked at',
  sql: `${newestOf(NEWEST, UNDER_WAY)} WHERE state_ IN ('asked', 'open') AND next_at_ <= fromUnixTimestamp64Milli({now:Int64}, 'UTC')
      AND (provider_ IN {providers:Array(String)} OR until_ <= fromUnixTimestamp64Milli({now:Int64}, 'UTC'))
    ORDER BY next_at_ LIMIT {limit:UInt32}`,
  parameters: z.object({ now: z.number().int(), providers: z.array(z.string()), limit: z.number().int() }),
  row: rowOf(),
});

const ONE = defineQuery({
  name: 'a batch',
  sql: newestOf(NEWEST, `${UNDER_WAY} AND project = {project:String} AND call_id = {callId:UUID}`),
  parameters: z.object({ project: z.string(), callId: z.uuid() }),
  row: rowOf(),
});

const OPEN_AT = defineQuery({
  name: 'batches under way at a provider',
  sql: `${newestOf(NEWEST, `${UNDER_WAY} AND project = {project:String} AND provider = {provider:String}`)} WHERE state_ = 'open'`,
  parameters: z.object({ project: z.string(), provider: z.string() }),
  row: rowOf(),
});

const HELD = defineQuery({
  name: 'what batches may cost that are under way',
  sql: `${newestOf(['state', 'key_id', 'worst_usd'], UNDER_WAY)} WHERE state_ IN ('asked', 'open')`,
  parameters: z.object({}),
  row: z.object({
    project: z.string(),
    call_id: z.string(),
    created_at_: z.string(),
    key_id_: z.string(),
    worst_usd_: z.number().nullable(),
  }),
});

function rowOf() {
  return z.object({
    project: z.string(),
    call_id: z.string(),
    created_at_: z.string(),
    state_: z.enum(BATCH_STATES),
    provider_: z.string(),
    id_: z.string(),
    input_file_id_: z.string(),
    endpoint_: z.string(),
    models_: z.array(z.string()),
    worst_usd_: z.number().nullable(),
    origin_: z.enum(ORIGINS),
    key_id_: z.string(),
    next_at_: z.string(),
    until_: z.string(),
    holder_: z.string(),
  });
}

/**
 * Of all projects: batches that are under way and that somebody should look at who can ask these providers, those first that have waited
 * longest. Of those whose time is over anybody can say so.
 */
export async function dueBatches(
  client: ClickHouseClient,
  { nowMs, providers, limit }: { nowMs: number; providers: string[]; limit: number },
): Promise<ProviderBatch[]> {
  return (await runQuery(client, DUE, { now: nowMs, providers, limit })).map(toBatch);
}

/** As it stands now; null where nobody has begun it in the last 40 days. */
export async function batchOfCall(client: ClickHouseClient, project: string, callId: string): Promise<ProviderBatch | null> {
  const [row] = await runQuery(client, ONE, { project, callId });
  return row ? toBatch(row) : null;
}

/** A project's that are under way at a provider, under ids that are known. */
export async function openBatchesAt(client: ClickHouseClient, project: string, provider: string): Promise<ProviderBatch[]> {
  return (await runQuery(client, OPEN_AT, { project, provider })).map(toBatch);
}

/** What a batch that is under way may cost, and on whose account. */
export interface HeldBatch {
  project: string;
  callId: string;
  keyId: string;
  /** UTC's, `YYYY-MM-DD`: the day on which it counts. */
  day: string;
  usd: number;
}

/** Of all projects; those of which nobody knows the price hold nothing. */
export async function heldBatches(client: ClickHouseClient): Promise<HeldBatch[]> {
  return (await runQuery(client, HELD, {})).map((row) => ({
    project: row.project,
    callId: row.call_id,
    keyId: row.key_id_,
    day: row.created_at_.slice(0, 10),
    usd: row.worst_usd_ ?? 0,
  }));
}

/** More than milliseconds since 1970 in any year to come. */
const RANK = 10 ** 14;

/** Puts on record how a batch stands; when it returns, ClickHouse has it. */
export async function noteBatch(client: ClickHouseClient, batch: ProviderBatch, nowMs: number): Promise<void> {
  const iso = (ms: number) => new Date(ms).toISOString();
  const version = BATCH_STATES.indexOf(batch.state) * RANK + nowMs;
  const row = {
    project: batch.project,
    call_id: batch.callId,
    created_at: iso(batch.createdMs),
    state: batch.state,
    version,
    provider: batch.provider,
    id: batch.id,
    input_file_id: batch.inputFileId,
    endpoint: batch.endpoint,
    models: batch.models,
    worst_usd: batch.worstUsd,
    origin: batch.origin,
    key_id: batch.keyId,
    next_at: iso(batch.nextMs),
    until: iso(batch.untilMs),
    holder: batch.holder,
  };
  await insertRows(client, TABLES.providerBatches, [row], `batch-${batch.project}/${batch.callId}/${version}/${batch.holder}`);
}

function toBatch(row: z.output<ReturnType<typeof rowOf>>): ProviderBatch {
  return {
    project: row.project,
    callId: row.call_id,
    createdMs: Date.parse(row.created_at_),
    state: row.state_,
    provider: row.provider_,
    id: row.id_,
    inputFileId: row.input_file_id_,
    endpoint: row.endpoint_,
    models: row.models_,
    worstUsd: row.worst_usd_,
    origin: row.origin_,
    keyId: row.key_id_,
    nextMs: Date.parse(row.next_at_),
    untilMs: Date.parse(row.until_),
    holder: row.holder_,
  };
}
