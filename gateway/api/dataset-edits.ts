import { createRoute, z } from '@hono/zod-openapi';
import { CurateRequest, LeftOutRow, RecordedEdit, RowEdits } from '../../contracts/dataset-curation.ts';
import { Dataset } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { page } from '../../contracts/http.ts';
import { canonicalJson } from '../../platform/content-hash.ts';
import { curatedUntil, listEdits } from '../../store/clickhouse/dataset-edits.ts';
import { leftOutReasons, leftOutRows } from '../../store/clickhouse/dataset-left-out.ts';
import { NamedPath } from './aliases.ts';
import { applyEdits } from './apply-row-edits.ts';
import { startBuild } from './dataset-builds.ts';
import { VersionQuery, findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';

const tags = ['datasets'];

const Paged = z.object({
  cursor: z
    .string()
    .regex(/^\d{1,9}$/, 'must be the nextCursor of a page')
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

const edit = createRoute({
  method: 'patch',
  path: '/datasets/{name}/rows',
  tags,
  summary: 'Keep, drop, correct or tag rows',
  description:
    'Versions stay what they are: what is said here counts in the next one (`POST …/curate`, or the next build). Rows are named by `rowId`, those that were left out too. Every change stays on record; nothing is lost.',
  request: { params: NamedPath, body: jsonBody(named('RowEdits', RowEdits)) },
  responses: answers(200, 'What has changed', named('RecordedEdits', z.object({ items: z.array(RecordedEdit) }))),
});
const trail = createRoute({
  method: 'get',
  path: '/datasets/{name}/edits',
  tags,
  summary: 'Who changed which rows, when, from what to what',
  request: { params: NamedPath, query: Paged.extend({ row: z.string().optional() }) },
  responses: answers(200, 'Edits, the newest first', pageOf('RecordedEdit', RecordedEdit)),
});
const leftOut = createRoute({
  method: 'get',
  path: '/datasets/{name}/left-out',
  tags,
  summary: 'Rows that a version leaves out, and why',
  description:
    'Of the newest version that is ready, unless one is named. An edit with `verdict: "keep"` brings a row back in the next version.',
  request: { params: NamedPath, query: VersionQuery.extend(Paged.shape).extend({ reason: z.string().optional() }) },
  responses: answers(
    200,
    'A page of rows by reason, and how many each reason leaves out',
    named('LeftOutRowPage', page(LeftOutRow).extend({ reasons: z.record(z.string(), z.number().int()) })),
  ),
});
const curate = createRoute({
  method: 'post',
  path: '/datasets/{name}/curate',
  tags,
  summary: 'Make a new version of what people and judges have said',
  description:
    'From the same source and up to the same time as the newest version that is ready, by its filters or others. Where nothing was said since and the filters are the same, that version is the answer.',
  request: { params: NamedPath, body: jsonBody(named('CurateRequest', CurateRequest)) },
  responses: answers(
    202,
    'The build has begun; `location` is where it stands',
    named('DatasetBuild', Dataset.extend({ location: z.string() })),
  ),
});

/** A dataset as people clean it. */
export function datasetEditRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(edit, async (c) => {
      const { project, keyId: actor } = c.get('caller');
      const dataset = await readyDataset(deps, project, c.req.valid('param').name);
      return c.json({ items: await applyEdits(deps, { project, actor, dataset }, c.req.valid('json').edits) }, 200);
    })
    .openapi(trail, async (c) => {
      const { limit, cursor, row } = c.req.valid('query');
      const { project } = c.get('caller');
      const offset = Number(cursor ?? 0);
      const { name } = await findUsableDataset(deps, project, c.req.valid('param').name);
      const found = await listEdits(deps.clickhouse, project, name, { row, limit: limit + 1, offset });
      return c.json(paged(found, limit, offset), 200);
    })
    .openapi(leftOut, async (c) => {
      const { limit, cursor, reason, version } = c.req.valid('query');
      const { project } = c.get('caller');
      const offset = Number(cursor ?? 0);
      const dataset = await readyDataset(deps, project, c.req.valid('param').name, version);
      const [found, reasons] = await Promise.all([
        leftOutRows(deps.clickhouse, project, dataset, { reason, limit: limit + 1, offset }),
        leftOutReasons(deps.clickhouse, project, dataset),
      ]);
      return c.json({ ...paged(found, limit, offset), reasons }, 200);
    })
    .openapi(curate, async (c) => {
      const { project } = c.get('caller');
      const base = await readyDataset(deps, project, c.req.valid('param').name);
      const started = await curateFrom(deps, base, c.req.valid('json'));
      const location = `/api/datasets/${started.name}?version=${started.version}`;
      c.header('location', location);
      return c.json({ ...started, location }, 202);
    });
}

/** One more than the page was read, to know whether there is another. */
function paged<T>(found: T[], limit: number, offset: number): { items: T[]; nextCursor: string | null } {
  return { items: found.slice(0, limit), nextCursor: found.length > limit ? String(offset + limit) : null };
}

async function readyDataset(deps: ApiDeps, project: string, name: string, version?: number): Promise<Dataset> {
  const dataset = await findUsableDataset(deps, project, name, version);
  if (dataset.status === 'ready') return dataset;
  throw new StillhouseError('conflict', `Dataset "${name}" is ${dataset.status}; there are no rows yet.`);
}

/**
 * The same source up to the same time, so that the new version differs by what was said and by its filters alone; where that is
 * nothing, the version that there is.
 */
async function curateFrom(deps: ApiDeps, base: Dataset, { filters = base.filters }: CurateRequest): Promise<Dataset> {
  const { project, name, task, splits, source, createdAt } = base;
  const until = await curatedUntil(deps.clickhouse, project, name, filters?.dropJudged ?? false);
  if (until === base.curatedUntil && canonicalJson(filters ?? {}) === canonicalJson(base.filters ?? {})) return base;
  const steady = 'traces' in source ? { traces: { ...source.traces, until: source.traces.until ?? createdAt } } : source;
  return startBuild(deps, { project, name, task, splits, source: steady, ...(filters ? { filters } : {}) });
}
