import { createRoute } from '@hono/zod-openapi';
import { AliasRollback, AliasVersion } from '../../contracts/aliases.ts';
import { StillhouseError, isStillhouseError } from '../../contracts/errors.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { byRequestId, versionsOf } from '../../store/clickhouse/state-versions.ts';
import { IdempotencyHeader, NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';
import { changeRegistry } from './registry-updates.ts';
import { refuseImpossibleTargets } from './target-check.ts';

const tags = ['aliases'];

const versions = createRoute({
  method: 'get',
  path: '/aliases/{name}/versions',
  tags,
  summary: 'All versions of an alias, newest first',
  request: { params: NamedPath },
  responses: answers(200, 'The versions, deletions included', pageOf('Alias', AliasVersion)),
});
const rollback = createRoute({
  method: 'post',
  path: '/aliases/{name}/rollback',
  tags,
  summary: 'Bring an earlier version back',
  description: 'Makes a new version that is a copy of the one named, by default of the one before the current.',
  request: { params: NamedPath, headers: IdempotencyHeader, body: jsonBody(named('AliasRollback', AliasRollback)) },
  responses: answers(200, 'The version that stands now', named('Alias', AliasVersion)),
});

/** An alias's past: its versions, and the way back to one. */
export function aliasHistoryRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(versions, async (c) => {
      const { project } = c.get('caller');
      const { name } = c.req.valid('param');
      const found = await versionsOf(deps.clickhouse, project, 'alias', name);
      if (found.length === 0) {
        const known = Object.keys(deps.snapshots.current(project).aliases);
        throw new StillhouseError('not_found', nameNearest('alias', name, known), { param: 'name' });
      }
      const items = found.map((row) => AliasVersion.parse(row.value)).sort((a, b) => b.version - a.version);
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(rollback, async (c) => {
      const change = { name: c.req.valid('param').name, rollback: c.req.valid('json') };
      const key = c.req.valid('header')['idempotency-key'];
      const caller = c.get('caller');
      await refuseImpossibleVersion(deps, caller.project, change, key);
      return c.json(await changeRegistry<AliasVersion>(deps, caller, MESSAGES.rollbackAlias, change, key), 200);
    });
}

/** Refuses a version whose targets are gone, as a change to the same targets would be. What else is wrong the registry says. */
async function refuseImpossibleVersion(
  deps: ApiDeps,
  project: string,
  { name, rollback: { version } }: { name: string; rollback: AliasRollback },
  key: string | undefined,
): Promise<void> {
  // a request that was made before gets its first answer: "the version before" is another one by now
  if (key !== undefined && (await byRequestId(deps.clickhouse, project, key)).length > 0) return;
  const rows = await versionsOf(deps.clickhouse, project, 'alias', name);
  const wanted = version ?? Math.max(...rows.map((row) => row.version)) - 1;
  const found = rows.find((row) => row.version === wanted);
  if (!found) return;
  const restored = AliasVersion.parse(found.value);
  try {
    refuseImpossibleTargets(deps, project, restored);
  } catch (cause) {
    if (!isStillhouseError(cause)) throw cause;
    const detail = `version: ${wanted} of alias "${name}" can not be brought back: ${cause.message}`;
    throw new StillhouseError(cause.code, detail, { param: 'version', cause });
  }
}
