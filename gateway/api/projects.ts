import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { Name } from '../../contracts/identifiers.ts';
import { ProjectChanges, ProjectInput, ProjectView } from '../../contracts/keys.ts';
import { MESSAGES } from '../../contracts/names.ts';
import { redactionOf } from '../../core/privacy/redaction.ts';
import type { Caller } from '../keys/caller.ts';
import { IdempotencyHeader } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';
import { changeRegistry } from './registry-updates.ts';
import { spentIn } from './spent.ts';

const tags = ['projects'];
const project = named('Project', ProjectView);
const NamePath = z.object({ name: Name });

const list = createRoute({
  method: 'get',
  path: '/projects',
  tags,
  summary: 'All projects, and what they spent',
  responses: answers(200, 'The projects by name', pageOf('Project', ProjectView)),
});
const create = createRoute({
  method: 'post',
  path: '/projects',
  tags,
  summary: 'Begin a project',
  description:
    'Starts its registry. Its aliases, keys, students, traces and datasets are its own: the header x-stillhouse-project names it where the admin key is used.',
  request: { headers: IdempotencyHeader, body: jsonBody(named('ProjectInput', ProjectInput)) },
  responses: answers(201, 'The project', project),
});
const change = createRoute({
  method: 'patch',
  path: '/projects/{name}',
  tags,
  summary: "Change a project's budget, how long its traces are kept, or what of them is stored",
  description:
    'What is not named stays; null is no limit. `privacy` is taken whole, and holds for calls that end from then on, in every gateway within a second; ' +
    'a pattern that is none of RE2, or too large, is refused. Older traces than `retentionDays` are deleted once a day, with attempts, feedback and their places in clusters; usage stays.',
  request: { params: NamePath, headers: IdempotencyHeader, body: jsonBody(named('ProjectChanges', ProjectChanges)) },
  responses: answers(200, 'The project as it stands now', project),
});

/** Projects: the owners of all else. */
export function projectRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, async (c) => {
      const names = [...deps.snapshots.projects()].sort();
      return c.json({ items: await Promise.all(names.map((name) => viewOf(deps, name))), nextCursor: null }, 200);
    })
    .openapi(create, async (c) => {
      const { name, ...settings } = c.req.valid('json');
      const key = c.req.valid('header')['idempotency-key'];
      if (key === undefined && deps.snapshots.current(name).sequence > 0)
        throw new StillhouseError('conflict', `There is a project "${name}" already; PATCH changes it`, { param: 'name' });
      await put(deps, c.get('caller'), name, settings, key);
      return c.json(await viewOf(deps, name), 201);
    })
    .openapi(change, async (c) => {
      const { name } = c.req.valid('param');
      if (deps.snapshots.current(name).sequence === 0)
        throw new StillhouseError('not_found', nameNearest('project', name, deps.snapshots.projects()), { param: 'name' });
      await put(deps, c.get('caller'), name, c.req.valid('json'), c.req.valid('header')['idempotency-key']);
      return c.json(await viewOf(deps, name), 200);
    });
}

async function put(deps: ApiDeps, caller: Caller, name: string, changes: ProjectChanges, key: string | undefined): Promise<void> {
  // Where it is said, not where it is first needed.
  if (changes.privacy) redactionOf(changes.privacy);
  await changeRegistry(deps, { ...caller, project: name }, MESSAGES.putProject, { changes }, key);
}

async function viewOf(deps: ApiDeps, name: string): Promise<ProjectView> {
  const { budget, retentionDays, privacy, keys, aliases } = deps.snapshots.current(name);
  const live = Object.values(keys).filter((key) => key.revokedAt === null);
  const spent = (await spentIn(deps, name))?.total ?? null;
  return { name, budget, retentionDays, privacy, keys: live.length, aliases: Object.keys(aliases).length, spent };
}
