import { createRoute, z } from '@hono/zod-openapi';
import { DistilInput, Distillation } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { Name } from '../../contracts/identifiers.ts';
import { NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { startDistillation } from './distillation-start.ts';
import { distillationState, distillationStates } from './distillation-state.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';

const tags = ['distillations'];
const distillation = named('Distillation', Distillation);
/** A run that was started or acted on, and where it stands. */
export const DistillationRun = named('DistillationRun', Distillation.extend({ location: z.string() }));

const start = createRoute({
  method: 'post',
  path: '/distillations',
  tags,
  summary: 'Distil a dataset into a student',
  description: 'The same request joins the run that exists. Without a name, the run is called by the hash of its input.',
  request: { body: jsonBody(named('DistilInput', DistilInput.extend({ project: Name.optional() }))) },
  responses: answers(202, 'The run has begun; `location` is where it stands', DistillationRun),
});
const list = createRoute({
  method: 'get',
  path: '/distillations',
  tags,
  summary: 'All distillations, newest first',
  responses: answers(200, 'The runs', pageOf('Distillation', Distillation)),
});
const show = createRoute({
  method: 'get',
  path: '/distillations/{name}',
  tags,
  summary: 'Where one distillation stands',
  description: 'With Temporal down the last recorded state, marked `stale`.',
  request: { params: NamedPath },
  responses: answers(200, 'The run', distillation),
});

/** Distillations: started here, run by Temporal, recorded in ClickHouse. */
export function distillationRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(start, async (c) => {
      const { project } = c.get('caller');
      const request = c.req.valid('json');
      if (request.project !== undefined && request.project !== project)
        throw new StillhouseError('forbidden', `project: this key belongs to the project "${project}"`, { param: 'project' });
      const run = await startDistillation(deps, { ...request, project });
      const location = `/api/distillations/${run.name}`;
      c.header('location', location);
      return c.json({ ...run, location }, 202);
    })
    .openapi(list, async (c) => c.json({ items: await distillationStates(deps, c.get('caller').project), nextCursor: null }, 200))
    .openapi(show, async (c) => c.json(await findDistillation(deps, c.get('caller').project, c.req.valid('param').name), 200));
}

/** The state of a run; `not_found` with the nearest names. */
export async function findDistillation(deps: ApiDeps, project: string, name: string): Promise<Distillation> {
  const found = await distillationState(deps, project, name);
  if (found) return found;
  const known = (await distillationStates(deps, project)).map((run) => run.name);
  throw new StillhouseError('not_found', nameNearest('distillation', name, known), { param: 'name' });
}
