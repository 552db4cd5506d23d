import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, insertRows, runQuery } from './query.ts';

/** What providers keep for a project. */
export type ProviderObjectKind = 'file' | 'batch';

/** A file or a batch at a provider, under the provider's own id. */
export interface ProviderObject {
  kind: ProviderObjectKind;
  id: string;
  provider: string;
  /** Of a file; empty of a batch. */
  purpose: string;
  keyId: string;
  /** ISO 8601: when the gateway learned of it. */
  createdAt: string;
}

const COLUMNS = `id, provider, any(purpose) AS purpose_, any(key_id) AS key_id_, min(created_at) AS created_at_, argMax(deleted, (at, deleted)) AS deleted_`;
const Row = z.object({
  id: z.string(),
  provider: z.string(),
  purpose_: z.string(),
  key_id_: z.string(),
  created_at_: z.string(),
  deleted_: z.boolean(),
});
const FROM = `FROM ${TABLES.providerObjects} WHERE project = {project:String} AND kind = {kind:String}`;

const BY_ID = defineQuery({
  name: 'objects at providers by id',
  sql: `SELECT ${COLUMNS} ${FROM} AND id IN {ids:Array(String)} GROUP BY id, provider ORDER BY created_at_, provider`,
  parameters: z.object({ project: z.string(), kind: z.string(), ids: z.array(z.string()) }),
  row: Row,
});

const list = (order: 'asc' | 'desc') =>
  defineQuery({
    name: 'objects at providers',
    sql: `SELECT ${COLUMNS} ${FROM} AND ({purpose:String} = '' OR purpose = {purpose:String}) AND ({provider:String} = '' OR provider = {provider:String})
      GROUP BY id, provider
      HAVING NOT deleted_ AND ({afterId:String} = '' OR (created_at_, id) ${order === 'asc' ? '>' : '<'} (parseDateTime64BestEffort({afterAt:String}, 3, 'UTC'), {afterId:String}))
      ORDER BY created_at_ ${order}, id ${order} LIMIT {limit:UInt32}`,
    parameters: z.object({
      project: z.string(),
      kind: z.string(),
      purpose: z.string(),
      provider: z.string(),
      afterId: z.string(),
      afterAt: z.string(),
      limit: z.number().int(),
    }),
    row: Row,
  });
const LISTS = { asc: list('asc'), desc: list('desc') } as const;

/** A page of a project's objects; with `after`, behind that one. */
export interface ObjectPage {
  purpose?: string;
  provider?: string;
  after?: Pick<ProviderObject, 'id' | 'createdAt'>;
  order: 'asc' | 'desc';
  limit: number;
}

/** Puts an object on record; when it returns, ClickHouse has it. */
export async function rememberObjects(client: ClickHouseClient, project: string, objects: readonly ProviderObject[]): Promise<void> {
  await write(client, project, objects, { deleted: false, at: null });
}

/** Notes that the provider has deleted it. */
export async function forgetObject(client: ClickHouseClient, project: string, object: ProviderObject, atIso: string): Promise<void> {
  await write(client, project, [object], { deleted: true, at: atIso });
}

/** Objects of these ids, at whichever providers; deleted ones too where they are asked for. */
export async function objectsOf(
  client: ClickHouseClient,
  project: string,
  { kind, ids, deleted = false }: { kind: ProviderObjectKind; ids: string[]; deleted?: boolean },
): Promise<ProviderObject[]> {
  const rows = await runQuery(client, BY_ID, { project, kind, ids });
  return rows.filter((row) => deleted || !row.deleted_).map((row) => toObject(kind, row));
}

/** By the time at which they came. */
export async function listObjects(
  client: ClickHouseClient,
  project: string,
  kind: ProviderObjectKind,
  { purpose = '', provider = '', after, order, limit }: ObjectPage,
): Promise<ProviderObject[]> {
  const from = { afterId: after?.id ?? '', afterAt: after?.createdAt ?? '1970-01-01T00:00:00.000Z' };
  return (await runQuery(client, LISTS[order], { project, kind, purpose, provider, limit, ...from })).map((row) => toObject(kind, row));
}

async function write(
  client: ClickHouseClient,
  project: string,
  objects: readonly ProviderObject[],
  { deleted, at }: { deleted: boolean; at: string | null },
): Promise<void> {
  const rows = objects.map(({ keyId, createdAt, ...object }) => ({
    project,
    ...object,
    key_id: keyId,
    created_at: createdAt,
    deleted,
    at: at ?? createdAt,
  }));
  const token = `objects-${project}/${rows.map(({ kind, id, provider, at: when }) => `${kind}/${provider}/${id}/${when}/${deleted}`).join(',')}`;
  await insertRows(client, TABLES.providerObjects, rows, token);
}

function toObject(kind: ProviderObjectKind, row: z.output<typeof Row>): ProviderObject {
  return { kind, id: row.id, provider: row.provider, purpose: row.purpose_, keyId: row.key_id_, createdAt: row.created_at_ };
}
