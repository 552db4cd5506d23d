import { createRoute, z } from '@hono/zod-openapi';
import {
  Cluster,
  ClusterChanges,
  ClusterCheck,
  ClusterDetail,
  ClusterMap,
  ClusterRequest,
  ClusterRun,
  ClusterSchedule,
  ClusterScheduleRequest,
} from '../../contracts/clusters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { Name } from '../../contracts/identifiers.ts';
import { listClusterRuns, newestClusterRuns } from '../../store/clickhouse/cluster-runs.ts';
import { recordClusterEdit } from '../../store/clickhouse/cluster-edits.ts';
import { projectClusters } from '../../store/clickhouse/project-clusters.ts';
import { NamedPath } from './aliases.ts';
import { findClusterRun } from './cluster-run-state.ts';
import { clusterSchedules, putClusterSchedule } from './cluster-schedules.ts';
import { startClusterRun } from './cluster-start.ts';
import { clusterChecks, clusterDetail, refuseTakenName } from './cluster-views.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';

const tags = ['clusters'];
const run = named('ClusterRun', ClusterRun);
const IdPath = z.object({ id: z.string().min(1).max(64) });
const Choice = z.object({ alias: Name.optional(), since: z.iso.datetime({ offset: true }).optional() });

const start = createRoute({
  method: 'post',
  path: '/clusters',
  tags,
  summary: 'Sort traces into clusters',
  description:
    'While the same request runs it is joined. `mode: "assign"` puts traces that came since into the clusters that are there. Calls of the pipeline stay out.',
  request: { body: jsonBody(named('ClusterRequest', ClusterRequest)) },
  responses: answers(
    202,
    'The run has begun; `location` is where it stands',
    named('StartedClusterRun', ClusterRun.extend({ location: z.string() })),
  ),
});
const list = createRoute({
  method: 'get',
  path: '/clusters',
  tags,
  summary: "The project's clusters, those first that would save most",
  description: 'Of the newest run of each filter. `alias`: of runs over this alias; `since`: figures of traces from then on.',
  request: { query: Choice },
  responses: answers(200, 'The clusters', pageOf('Cluster', Cluster)),
});
const map = createRoute({
  method: 'get',
  path: '/clusters/map',
  tags,
  summary: 'Where clusters and the sample lie in two dimensions',
  request: { query: Choice.pick({ alias: true }) },
  responses: answers(200, 'The points', named('ClusterMap', ClusterMap)),
});
const runs = createRoute({
  method: 'get',
  path: '/clusters/runs',
  tags,
  summary: 'Runs, the latest begun first',
  responses: answers(200, 'At most 100 runs as they were last recorded', pageOf('ClusterRun', ClusterRun)),
});
const showRun = createRoute({
  method: 'get',
  path: '/clusters/runs/{name}',
  tags,
  summary: 'Where one run stands',
  description: 'With Temporal down the last recorded state, marked `stale`.',
  request: { params: NamedPath },
  responses: answers(200, 'The run', run),
});
const checks = createRoute({
  method: 'get',
  path: '/clusters/runs/{name}/checks',
  tags,
  summary: 'Borders that a model has looked at, and what came of it',
  description:
    'Clusters that may be two, then pairs that may be one, in the order in which they were looked at. Empty until the run has ended.',
  request: { params: NamedPath },
  responses: answers(200, 'The checks', pageOf('ClusterCheck', ClusterCheck)),
});
const schedules = createRoute({
  method: 'get',
  path: '/clusters/schedules',
  tags,
  summary: 'What is done again and again',
  responses: answers(200, 'The schedules', pageOf('ClusterSchedule', ClusterSchedule)),
});
const schedule = createRoute({
  method: 'post',
  path: '/clusters/schedule',
  tags,
  summary: 'Have new traces assigned, or clusters found anew, every so many minutes',
  description: 'One schedule for each mode and filter: the newest request counts. `everyMinutes: 0` ends it.',
  request: { body: jsonBody(named('ClusterScheduleRequest', ClusterScheduleRequest)) },
  responses: answers(
    200,
    'The schedule as it stands; null where it has ended',
    named('PutClusterSchedule', z.object({ schedule: ClusterSchedule.nullable() })),
  ),
});
const show = createRoute({
  method: 'get',
  path: '/clusters/{id}',
  tags,
  summary: 'One cluster: figures, members nearest its centre, and borderline ones',
  request: { params: IdPath },
  responses: answers(200, 'The cluster', named('ClusterDetail', ClusterDetail)),
});
const rename = createRoute({
  method: 'patch',
  path: '/clusters/{id}',
  tags,
  summary: 'Rename a cluster, or say what belongs to it',
  description: 'What a person says wins over a model and is kept over runs.',
  request: { params: IdPath, body: jsonBody(named('ClusterChanges', ClusterChanges)) },
  responses: answers(200, 'The cluster as it stands now', named('ClusterDetail', ClusterDetail)),
});

/** Clusters of traces: found by a workflow, read from ClickHouse. */
export function clusterRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(start, async (c) => {
      const { project } = c.get('caller');
      const begun = await startClusterRun(deps, { ...c.req.valid('json'), project });
      const location = `/api/clusters/runs/${begun.name}`;
      c.header('location', location);
      return c.json({ ...begun, location }, 202);
    })
    .openapi(list, async (c) =>
      c.json({ items: await projectClusters(deps, c.get('caller').project, c.req.valid('query')), nextCursor: null }, 200),
    )
    .openapi(map, async (c) => c.json(await newestMap(deps, c.get('caller').project, c.req.valid('query').alias), 200))
    .openapi(runs, async (c) => c.json({ items: await listClusterRuns(deps.clickhouse, c.get('caller').project), nextCursor: null }, 200))
    .openapi(showRun, async (c) => c.json(await findClusterRun(deps, c.get('caller').project, c.req.valid('param').name), 200))
    .openapi(checks, async (c) => {
      const found = await findClusterRun(deps, c.get('caller').project, c.req.valid('param').name);
      return c.json({ items: await clusterChecks(deps, found), nextCursor: null }, 200);
    })
    .openapi(schedules, async (c) => c.json({ items: await clusterSchedules(deps, c.get('caller').project), nextCursor: null }, 200))
    .openapi(schedule, async (c) => c.json({ schedule: await putClusterSchedule(deps, c.get('caller').project, c.req.valid('json')) }, 200))
    .openapi(show, async (c) => c.json(await findCluster(deps, c.get('caller').project, c.req.valid('param').id), 200))
    .openapi(rename, async (c) => {
      const { project, keyId: actor } = c.get('caller');
      const { id } = c.req.valid('param');
      const changes = c.req.valid('json');
      await findCluster(deps, project, id);
      if (changes.name !== undefined) refuseTakenName(await projectClusters(deps, project, {}), id, changes.name);
      await recordClusterEdit(deps.clickhouse, project, { clusterId: id, at: new Date(deps.now()).toISOString(), actor, changes });
      return c.json(await findCluster(deps, project, id), 200);
    });
}

async function findCluster(deps: ApiDeps, project: string, id: string): Promise<ClusterDetail> {
  const found = await clusterDetail(deps, project, id);
  if (found) return found;
  throw new StillhouseError('not_found', `There is no cluster "${id}". GET /api/clusters lists those that there are.`, { param: 'id' });
}

async function newestMap(deps: ApiDeps, project: string, alias: string | undefined): Promise<ClusterMap> {
  const newest = (await newestClusterRuns(deps.clickhouse, project)).find(
    ({ input }) => alias === undefined || input.source.alias === alias,
  );
  if (!newest?.map) return { run: null, points: [] };
  return ClusterMap.parse(JSON.parse((await deps.artifacts.get(newest.map)).toString('utf8')));
}
