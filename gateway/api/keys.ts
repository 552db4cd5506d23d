import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { type ApiKey, CreatedKey, KeyChanges, KeyId, KeyInput, KeyView, type Spent } from '../../contracts/keys.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { newKey } from '../keys/new-key.ts';
import { IdempotencyHeader } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';
import { changeRegistry } from './registry-updates.ts';
import { NOTHING_SPENT, spentIn } from './spent.ts';

const tags = ['keys'];
const key = named('Key', KeyView);
const IdPath = z.object({ id: KeyId });

const list = createRoute({
  method: 'get',
  path: '/keys',
  tags,
  summary: "The project's keys, and what they spent",
  description:
    'Secrets are not among it: they are shown once, when a key is made. Spend is that of recorded calls, a second or two behind.',
  request: { query: z.object({ revoked: z.enum(['true', 'false']).default('false') }) },
  responses: answers(200, 'The keys by name', pageOf('Key', KeyView)),
});
const create = createRoute({
  method: 'post',
  path: '/keys',
  tags,
  summary: 'Make a key',
  description: 'The answer is the only place where the secret is ever shown. A key that names neither aliases nor models may call all.',
  request: { headers: IdempotencyHeader, body: jsonBody(named('KeyInput', KeyInput)) },
  responses: answers(201, 'The key with its secret', named('CreatedKey', CreatedKey)),
});
const change = createRoute({
  method: 'patch',
  path: '/keys/{id}',
  tags,
  summary: 'Change what a key may do',
  description: 'What is not named stays; a limit of null is no limit.',
  request: { params: IdPath, headers: IdempotencyHeader, body: jsonBody(named('KeyChanges', KeyChanges)) },
  responses: answers(200, 'The key as it stands now', key),
});
const revoke = createRoute({
  method: 'delete',
  path: '/keys/{id}',
  tags,
  summary: 'Revoke a key',
  description: 'This gateway refuses it before the answer goes out, others within a second. It can not be brought back.',
  request: { params: IdPath, headers: IdempotencyHeader, query: z.object({ reason: z.string().max(1000).default('') }) },
  responses: answers(200, 'The key with the time of its end', key),
});

/** API keys: read from the snapshot, changed through the registry. Their secrets exist in the answer of `POST` alone. */
export function keyRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, async (c) => {
      const { project } = c.get('caller');
      const withRevoked = c.req.valid('query').revoked === 'true';
      const spent = await spentIn(deps, project);
      const keys = Object.values(deps.snapshots.current(project).keys).filter((one) => withRevoked || one.revokedAt === null);
      keys.sort((a, b) => (a.name < b.name ? -1 : 1));
      const items = keys.map((one) => viewOf(one, spent && (spent.byKey.get(one.id) ?? NOTHING_SPENT)));
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(create, async (c) => {
      const changes = c.req.valid('json');
      refusePast(changes.expiresAt, deps.now());
      const { id, secret, hash, hint } = newKey();
      const request = { id, made: { hash, hint }, changes };
      const made = await changeRegistry<ApiKey>(deps, c.get('caller'), MESSAGES.putKey, request, c.req.valid('header')['idempotency-key']);
      // The same request again is answered with the first key, whose secret nobody knows any more.
      if (made.hash !== hash)
        throw new StillhouseError(
          'conflict',
          `This request has made the key "${made.name}" (${made.id}) before; its secret was shown then`,
        );
      c.header('cache-control', 'no-store');
      return c.json({ ...viewOf(made, NOTHING_SPENT), secret }, 201);
    })
    .openapi(change, async (c) => {
      const changes = c.req.valid('json');
      refusePast(changes.expiresAt ?? null, deps.now());
      const request = { id: c.req.valid('param').id, changes };
      const caller = c.get('caller');
      const changed = await changeRegistry<ApiKey>(deps, caller, MESSAGES.putKey, request, c.req.valid('header')['idempotency-key']);
      return c.json(viewOf(changed, await spentBy(deps, changed)), 200);
    })
    .openapi(revoke, async (c) => {
      const request = { id: c.req.valid('param').id, reason: c.req.valid('query').reason };
      const caller = c.get('caller');
      const revoked = await changeRegistry<ApiKey>(deps, caller, MESSAGES.revokeKey, request, c.req.valid('header')['idempotency-key']);
      return c.json(viewOf(revoked, await spentBy(deps, revoked)), 200);
    });
}

async function spentBy(deps: ApiDeps, { project, id }: ApiKey): Promise<Spent | null> {
  const spent = await spentIn(deps, project);
  return spent && (spent.byKey.get(id) ?? NOTHING_SPENT);
}

/** Parsed, so that nothing but what is shown goes out: the hash stays here. */
function viewOf(stored: ApiKey, spent: Spent | null): KeyView {
  return KeyView.parse({ ...stored, spent });
}

function refusePast(expiresAt: string | null, nowMs: number): void {
  if (expiresAt !== null && Date.parse(expiresAt) <= nowMs)
    throw new StillhouseError('invalid_request', `expiresAt: ${expiresAt} is past; DELETE revokes a key`, { param: 'expiresAt' });
}
