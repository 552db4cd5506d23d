import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ForgetRequest } from '../../contracts/forget.ts';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

/** What calls are forgotten by, besides their ids, and the hashes by which a row of `traces` is told to be one of them. */
export const OWNERS = {
  user: '[lower(hex(SHA256(user_id)))]',
  session: '[lower(hex(SHA256(session_id)))]',
  // With the key's length: "a=b" = "c" and "a" = "b=c" are not the same.
  metadata: "arrayMap((k, v) -> lower(hex(SHA256(concat(toString(length(k)), ':', k, '=', v)))), mapKeys(metadata), mapValues(metadata))",
} as const;
export type OwnerKind = keyof typeof OWNERS;
export const OWNER_KINDS = Object.keys(OWNERS) as OwnerKind[];

/** Several pairs, all of which a call carries: the hashes of each, joined. */
const ALL_PAIRS = 'metadata-all';
/** Every kind of owner in `forgotten`. */
const NOTED_KINDS = [...OWNER_KINDS, ALL_PAIRS];

interface NotedOwner {
  kind: OwnerKind | typeof ALL_PAIRS;
  value: string;
}

/** Calls that may still be on their way are looked for so long. */
export const LOOKED_FOR_DAYS = 30;

/** Hashes of those whose calls are to be forgotten, and up to when. */
export const askedFor = (kind: OwnerKind | typeof ALL_PAIRS) => `SELECT value, max(ts) AS before FROM ${TABLES.forgotten}
  WHERE project = {project:String} AND kind = '${kind}' AND at > now() - INTERVAL ${LOOKED_FOR_DAYS} DAY GROUP BY value`;

/** Whose calls a request names, as they stand on record. */
export function ownersOf({ user, session, metadata }: ForgetRequest): NotedOwner[] {
  const pairs = Object.entries(metadata ?? {}).map(([key, value]) => hashOf(`${Buffer.byteLength(key)}:${key}=${value}`));
  const owners: NotedOwner[] = [];
  if (user !== undefined) owners.push({ kind: 'user', value: hashOf(user) });
  if (session !== undefined) owners.push({ kind: 'session', value: hashOf(session) });
  if (pairs.length > 0) owners.push({ kind: pairs.length === 1 ? 'metadata' : ALL_PAIRS, value: pairs.sort().join('+') });
  return owners;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Of a row of `traces`: whether it is of those of whom several pairs were noted. Empty where none was: false. */
export const CARRIES_ALL_PAIRS = `arrayExists(asked -> ts < asked.2 AND hasAll(${OWNERS.metadata}, asked.1),
  (SELECT groupArray((splitByChar('+', value), before)) FROM (${askedFor(ALL_PAIRS)})))`;

const NOTED = defineQuery({
  name: 'what of a project is to be forgotten',
  sql: `SELECT DISTINCT kind FROM ${TABLES.forgotten}
    WHERE project = {project:String} AND kind IN {kinds:Array(String)} AND at > now() - INTERVAL ${LOOKED_FOR_DAYS} DAY`,
  parameters: z.object({ project: z.string(), kinds: z.array(z.string()) }),
  row: z.object({ kind: z.string() }),
});

/**
 * Conditions that leave out of a reading of `traces` what is on record as to be forgotten and not removed yet: it may have arrived
 * late, or its turn may not have come. They take the parameter `project` alone. None for most projects.
 */
export async function withoutForgotten(client: ClickHouseClient, project: string): Promise<string[]> {
  const noted = new Set((await runQuery(client, NOTED, { project, kinds: ['trace', ...NOTED_KINDS] })).map(({ kind }) => kind));
  const conditions: string[] = [];
  if (noted.has('trace'))
    conditions.push(`(ts, id) NOT IN (SELECT ts, toUUID(value) FROM ${TABLES.forgotten}
      WHERE project = {project:String} AND kind = 'trace' AND at > now() - INTERVAL ${LOOKED_FOR_DAYS} DAY)`);
  for (const kind of OWNER_KINDS) {
    if (!noted.has(kind)) continue;
    // Who is not in it has no call before 1970. Teachers' calls carry names of their own runs.
    const before = `(SELECT CAST((groupArray(value), groupArray(before)), 'Map(String, DateTime64(3, \\'UTC\\'))') FROM (${askedFor(kind)}))`;
    conditions.push(`(origin = 'pipeline' OR NOT arrayExists(hash -> ts < ${before}[hash], ${OWNERS[kind]}))`);
  }
  if (noted.has(ALL_PAIRS)) conditions.push(`(origin = 'pipeline' OR NOT ${CARRIES_ALL_PAIRS})`);
  return conditions;
}

/** Projects that had something noted when they were last looked at. */
const noting = new Set<string>();

/**
 * Reads `traces` by `read`, which is given the conditions of `withoutForgotten`. Most projects have noted nothing: there the reading does not
 * wait for that to be known, and is done again in the rare case that it is not so.
 */
export async function readKept<T>(client: ClickHouseClient, project: string, read: (conditions: string[]) => Promise<T>): Promise<T> {
  const ahead = noting.has(project) ? null : read([]);
  // Whoever waits for it hears of it; it may be nobody.
  ahead?.catch(() => undefined);
  const conditions = await withoutForgotten(client, project);
  if (conditions.length > 0) noting.add(project);
  else noting.delete(project);
  return ahead !== null && conditions.length === 0 ? ahead : read(conditions);
}
