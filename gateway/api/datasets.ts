import { createRoute, z } from '@hono/zod-openapi';
import { Dataset, DatasetRequest, DatasetView } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { listDatasets, readDataset, readNewestReady } from '../../store/clickhouse/datasets.ts';
import { forgottenOfDatasets } from '../../store/clickhouse/forget.ts';
import { NamedPath } from './aliases.ts';
import { startBuild, unrecordedBuild } from './dataset-builds.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';

const tags = ['datasets'];
/** Query parameter of one version of a dataset; default: the newest. */
export const VersionQuery = z.object({ version: z.coerce.number().int().positive().optional() });

const build = createRoute({
  method: 'post',
  path: '/datasets',
  tags,
  summary: 'Build a dataset',
  description: 'The same name, source, task and splits join the build that exists; another source makes a new version.',
  request: { body: jsonBody(named('DatasetRequest', DatasetRequest)) },
  responses: answers(
    202,
    'The build has begun; `location` is where it stands',
    named('DatasetBuild', Dataset.extend({ location: z.string() })),
  ),
});
const list = createRoute({
  method: 'get',
  path: '/datasets',
  tags,
  summary: 'All datasets, each at its newest version',
  description: 'Where that one is not ready, `newestReady` names the version that runs and rows use by default.',
  responses: answers(200, 'The datasets', pageOf('Dataset', DatasetView)),
});
const show = createRoute({
  method: 'get',
  path: '/datasets/{name}',
  tags,
  summary: 'One dataset: where its build stands, and what is in it',
  description: 'By default its newest version. `newestReady` names the version that runs and rows use by default.',
  request: { params: NamedPath, query: VersionQuery },
  responses: answers(200, 'The dataset', named('Dataset', DatasetView)),
});

/** Datasets: built by a workflow, read from ClickHouse. */
export function datasetRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(build, async (c) => {
      const started = await startBuild(deps, { ...c.req.valid('json'), project: c.get('caller').project });
      const location = `/api/datasets/${started.name}?version=${started.version}`;
      c.header('location', location);
      return c.json({ ...started, location }, 202);
    })
    .openapi(list, async (c) => c.json({ items: await newestOfEach(deps, c.get('caller').project), nextCursor: null }, 200))
    .openapi(show, async (c) => {
      const { project } = c.get('caller');
      const { name } = c.req.valid('param');
      const dataset = await findDataset(deps, project, name, c.req.valid('query').version);
      const newestReady = (await readNewestReady(deps.clickhouse, project, name))?.version ?? null;
      const forgotten = await forgottenOfDatasets(deps.clickhouse, project);
      return c.json({ ...dataset, newestReady, forgottenRows: forgotten.get(`${name}/${dataset.version}`) ?? 0 }, 200);
    });
}

/** A version of a dataset, or the newest, one that is only just being built included; `not_found` with the nearest names. */
export async function findDataset(deps: ApiDeps, project: string, name: string, version?: number): Promise<Dataset> {
  const recorded = await readDataset(deps.clickhouse, project, name, version);
  const pending = recorded && version !== undefined ? null : await unrecordedBuild(deps, project, name, recorded);
  if (pending && (version === undefined || pending.version === version)) return pending;
  if (recorded) return recorded;
  const known = (await newestOfEach(deps, project)).map((dataset) => dataset.name);
  const detail = known.includes(name) ? `Dataset "${name}" has no version ${version}.` : nameNearest('dataset', name, known);
  throw new StillhouseError('not_found', detail, { param: 'name' });
}

/** A version of a dataset, or what a run would take: the newest that is ready. Where none is, the newest, for its status. */
export async function findUsableDataset(deps: ApiDeps, project: string, name: string, version?: number): Promise<Dataset> {
  const ready = version === undefined ? await readNewestReady(deps.clickhouse, project, name) : null;
  return ready ?? findDataset(deps, project, name, version);
}

/** The store lists every version, newest first within a name. */
async function newestOfEach(deps: ApiDeps, project: string): Promise<DatasetView[]> {
  const newest = new Map<string, DatasetView>();
  const forgotten = await forgottenOfDatasets(deps.clickhouse, project);
  for (const dataset of await listDatasets(deps.clickhouse, project)) {
    const forgottenRows = forgotten.get(`${dataset.name}/${dataset.version}`) ?? 0;
    const view = newest.get(dataset.name) ?? { ...dataset, newestReady: null, forgottenRows };
    if (dataset.status === 'ready') view.newestReady ??= dataset.version;
    newest.set(dataset.name, view);
  }
  return [...newest.values()];
}
