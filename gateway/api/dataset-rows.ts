import { createRoute, z } from '@hono/zod-openapi';
import { SPLITS } from '../../contracts/datasets.ts';
import { Message } from '../../contracts/chat.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { NamedPath } from './aliases.ts';
import { VersionQuery, findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, pageOf } from './openapi.ts';

const Row = z.object({
  rowId: z.string(),
  group: z.string(),
  split: z.enum(SPLITS),
  position: z.number().int(),
  messages: z.array(Message),
  reference: z.string(),
  referenceTarget: z.string(),
  traceId: z.string(),
});

const rows = createRoute({
  method: 'get',
  path: '/datasets/{name}/rows',
  tags: ['datasets'],
  summary: 'Rows of one split, for people to look at',
  description: 'Of the newest version that is ready, unless one is named. Gold answers are not shown here: they lie apart and evaluate.',
  request: {
    params: NamedPath,
    query: VersionQuery.extend({
      split: z.enum(SPLITS).default('train'),
      cursor: z
        .string()
        .regex(/^\d{1,9}$/, 'must be the nextCursor of a page')
        .optional(),
      limit: z.coerce.number().int().min(1).max(200).default(20),
    }),
  },
  responses: answers(200, 'A page of rows in the order of the split', pageOf('DatasetRow', Row)),
});

/** A look into a dataset. */
export function datasetRowRoutes(deps: ApiDeps) {
  return apiRouter().openapi(rows, async (c) => {
    const { project } = c.get('caller');
    const { split, cursor, limit, version } = c.req.valid('query');
    const dataset = await findUsableDataset(deps, project, c.req.valid('param').name, version);
    if (dataset.status !== 'ready')
      throw new StillhouseError('conflict', `Dataset "${dataset.name}" is ${dataset.status}; there are no rows to show.`);
    const from = Number(cursor ?? 0);
    const found = await readDatasetRows(deps.clickhouse, project, dataset, { split, from, to: from + limit });
    const items = found.map(({ rowId, group, position, messages, reference, referenceTarget, traceId }) => ({
      rowId,
      group,
      split,
      position,
      messages,
      reference,
      referenceTarget,
      traceId,
    }));
    const end = from + limit;
    return c.json({ items, nextCursor: end < dataset.rows[split] ? String(end) : null }, 200);
  });
}
