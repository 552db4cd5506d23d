import { createHash } from 'node:crypto';
import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import { STATE_KINDS, type StateKind, type StateVersion } from '../../contracts/registry.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

const COLUMNS = 'project, kind, key, version, sequence, request_id, value, reason, actor, created_at';
const Row = z.object({
  project: z.string(),
  kind: z.enum(STATE_KINDS),
  key: z.string(),
  version: z.number(),
  sequence: z.number(),
  request_id: z.string(),
  value: z.string(),
  reason: z.string(),
  actor: z.string(),
  created_at: z.string(),
});
const FROM = `FROM ${TABLES.stateVersions} WHERE project = {project:String}`;

const CURRENT = defineQuery({
  name: 'current state',
  sql: `SELECT ${COLUMNS} FROM (SELECT ${COLUMNS} ${FROM} ORDER BY version DESC, sequence DESC LIMIT 1 BY kind, key) ORDER BY sequence`,
  parameters: z.object({ project: z.string() }),
  row: Row,
});

const SINCE = defineQuery({
  name: 'state since a sequence',
  sql: `SELECT ${COLUMNS} ${FROM} AND sequence > {sequence:UInt64} ORDER BY sequence LIMIT 1 BY kind, key, version`,
  parameters: z.object({ project: z.string(), sequence: z.number().int().nonnegative() }),
  row: Row,
});

const VERSIONS = defineQuery({
  name: 'versions of a key',
  sql: `SELECT ${COLUMNS} ${FROM} AND kind = {kind:String} AND key = {key:String} ORDER BY version LIMIT 1 BY version`,
  parameters: z.object({ project: z.string(), kind: z.enum(STATE_KINDS), key: z.string() }),
  row: Row,
});

const BY_REQUEST = defineQuery({
  name: 'state by request',
  sql: `SELECT ${COLUMNS} ${FROM} AND request_id = {requestId:String} ORDER BY sequence LIMIT 1 BY kind, key, version`,
  parameters: z.object({ project: z.string(), requestId: z.string() }),
  row: Row,
});

const NEWEST = defineQuery({
  name: 'newest change of each project',
  sql: `SELECT project, max(sequence) AS newest FROM ${TABLES.stateVersions} GROUP BY project ORDER BY project`,
  parameters: z.object({}),
  row: z.object({ project: z.string(), newest: z.number() }),
});

/**
 * Appends versions. Idempotent by request id: a request that is stored already is left alone, also where an earlier
 * attempt's answer was lost; two attempts at once meet in the deduplication token.
 */
export async function appendStateVersions(client: ClickHouseClient, versions: readonly StateVersion[]): Promise<void> {
  const byRequestKey = Map.groupBy(versions, (version) => JSON.stringify([version.project, version.requestId]));
  for (const group of byRequestKey.values()) {
    const { project, requestId } = group[0]!;
    const stored = new Set((await byRequestId(client, project, requestId)).map((version) => JSON.stringify([version.kind, version.key])));
    const missing = group.filter((version) => !stored.has(JSON.stringify([version.kind, version.key])));
    const identity = missing.map(({ kind, key }) => [kind, key]);
    const token = `state-${createHash('sha256')
      .update(JSON.stringify([project, requestId, identity]))
      .digest('hex')}`;
    await insertRows(client, TABLES.stateVersions, missing.map(toRow), token);
  }
}

/** The newest version of each key, deleted ones included, in the order of their sequence. */
export async function currentState(client: ClickHouseClient, project: string): Promise<StateVersion[]> {
  return (await runQuery(client, CURRENT, { project })).map(toVersion);
}

/** Versions after a sequence, in order: what gateways poll for. */
export async function stateSince(client: ClickHouseClient, project: string, sequence: number): Promise<StateVersion[]> {
  return (await runQuery(client, SINCE, { project, sequence })).map(toVersion);
}

/** The sequence of each project's newest change: which projects there are, and which have news. */
export async function newestSequences(client: ClickHouseClient): Promise<Map<string, number>> {
  return new Map((await runQuery(client, NEWEST, {})).map(({ project, newest }) => [project, newest]));
}

/** All versions of one key, oldest first. */
export async function versionsOf(client: ClickHouseClient, project: string, kind: StateKind, key: string): Promise<StateVersion[]> {
  return (await runQuery(client, VERSIONS, { project, kind, key })).map(toVersion);
}

/** What one request wrote. */
export async function byRequestId(client: ClickHouseClient, project: string, requestId: string): Promise<StateVersion[]> {
  return (await runQuery(client, BY_REQUEST, { project, requestId })).map(toVersion);
}

function toRow(version: StateVersion) {
  return {
    project: version.project,
    kind: version.kind,
    key: version.key,
    version: version.version,
    sequence: version.sequence,
    request_id: version.requestId,
    value: JSON.stringify(version.value ?? null),
    reason: version.reason,
    actor: version.actor,
    created_at: version.createdAt,
  };
}

function toVersion(row: z.output<typeof Row>): StateVersion {
  return {
    project: row.project,
    kind: row.kind,
    key: row.key,
    version: row.version,
    sequence: row.sequence,
    requestId: row.request_id,
    value: JSON.parse(row.value),
    reason: row.reason,
    actor: row.actor,
    createdAt: row.created_at,
  };
}
