import { createRoute, z } from '@hono/zod-openapi';
import { AliasInput, AliasVersion } from '../../contracts/aliases.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { Name } from '../../contracts/identifiers.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { byName } from '../aliases/by-name.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';
import { changeRegistry } from './registry-updates.ts';
import { refuseImpossibleTargets } from './target-check.ts';

const alias = named('Alias', AliasVersion);
/** Path parameter of everything that has a name. */
export const NamedPath = z.object({ name: Name });
/** Header that makes a change safe to send again. */
export const IdempotencyHeader = z.object({ 'idempotency-key': z.string().min(1).max(150).optional() });
const tags = ['aliases'];

const list = createRoute({
  method: 'get',
  path: '/aliases',
  tags,
  summary: 'All aliases',
  responses: answers(200, 'The aliases by name', pageOf('Alias', AliasVersion)),
});
const show = createRoute({
  method: 'get',
  path: '/aliases/{name}',
  tags,
  summary: 'One alias as it stands',
  request: { params: NamedPath },
  responses: answers(200, 'The newest version', alias),
});
const put = createRoute({
  method: 'put',
  path: '/aliases/{name}',
  tags,
  summary: 'Point an alias to targets',
  description: 'Makes a new version, or answers with the current one where nothing would change.',
  request: { params: NamedPath, headers: IdempotencyHeader, body: jsonBody(named('AliasInput', AliasInput)) },
  responses: answers(200, 'The version that stands now', alias),
});
const remove = createRoute({
  method: 'delete',
  path: '/aliases/{name}',
  tags,
  summary: 'Delete an alias',
  description: 'A deletion is a version without targets; a rollback brings the alias back.',
  request: { params: NamedPath, headers: IdempotencyHeader, query: z.object({ reason: z.string().max(1000).default('') }) },
  responses: answers(200, 'The version that records the deletion', alias),
});

/** Aliases: read from the gateway's snapshot, changed through the registry. */
export function aliasRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, (c) => {
      const { aliases } = deps.snapshots.current(c.get('caller').project);
      const items = Object.values(aliases).sort((a, b) => (a.name < b.name ? -1 : 1));
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(show, (c) => {
      const { name } = c.req.valid('param');
      const { aliases } = deps.snapshots.current(c.get('caller').project);
      const found = byName(aliases, name);
      if (!found) throw new StillhouseError('not_found', nameNearest('alias', name, Object.keys(aliases)), { param: 'name' });
      return c.json(found, 200);
    })
    .openapi(put, async (c) => {
      const caller = c.get('caller');
      const input = c.req.valid('json');
      refuseImpossibleTargets(deps, caller.project, input);
      const change = { name: c.req.valid('param').name, alias: input };
      return c.json(
        await changeRegistry<AliasVersion>(deps, caller, MESSAGES.putAlias, change, c.req.valid('header')['idempotency-key']),
        200,
      );
    })
    .openapi(remove, async (c) => {
      const change = { name: c.req.valid('param').name, reason: c.req.valid('query').reason };
      const key = c.req.valid('header')['idempotency-key'];
      return c.json(await changeRegistry<AliasVersion>(deps, c.get('caller'), MESSAGES.deleteAlias, change, key), 200);
    });
}
