import { createRoute, z } from '@hono/zod-openapi';
import { Message } from '../../contracts/chat.ts';
import type { RowCuration } from '../../contracts/dataset-curation.ts';
import { StandingVerdict, type Verdict } from '../../contracts/dataset-judging.ts';
import { type Dataset, type DatasetRow, SPLITS, type Split } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { rowContent } from '../../platform/content-hash.ts';
import { readInspection } from '../../store/artifacts/inspections.ts';
import { standingEdits } from '../../store/clickhouse/dataset-edits.ts';
import { judgeVerdictsOf } from '../../store/clickhouse/dataset-verdicts.ts';
import { mostSuspect } from '../../store/clickhouse/dataset-suspicions.ts';
import { readDatasetRows, rowsAt } from '../../store/clickhouse/datasets.ts';
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
  /** A person's word, else the newest of a judge on this answer. */
  verdict: StandingVerdict.nullable(),
  /** The right answer by a person, which the next version has; null: nobody has said another one. */
  answer: z.string().nullable(),
  tags: z.array(z.string()),
  /** How much its answer disagrees with its neighbours', from 0 to 1; only with `order=suspect`. */
  suspicion: z.number().optional(),
});
type RowView = z.infer<typeof Row>;

const rows = createRoute({
  method: 'get',
  path: '/datasets/{name}/rows',
  tags: ['datasets'],
  summary: 'Rows of one split, for people to look at',
  description:
    'Of the newest version that is ready, unless one is named. Gold answers are not shown here: they lie apart and evaluate. `order=suspect`: those first whose answer is not that of their neighbours, once the version was inspected.',
  request: {
    params: NamedPath,
    query: VersionQuery.extend({
      split: z.enum(SPLITS).default('train'),
      order: z.enum(['position', 'suspect']).default('position'),
      cursor: z
        .string()
        .regex(/^\d{1,9}$/, 'must be the nextCursor of a page')
        .optional(),
      limit: z.coerce.number().int().min(1).max(200).default(20),
    }),
  },
  responses: answers(200, 'A page of rows', pageOf('DatasetRow', Row)),
});

/** A look into a dataset. */
export function datasetRowRoutes(deps: ApiDeps) {
  return apiRouter().openapi(rows, async (c) => {
    const { project } = c.get('caller');
    const { split, cursor, limit, version, order } = c.req.valid('query');
    const dataset = await findUsableDataset(deps, project, c.req.valid('param').name, version);
    if (dataset.status !== 'ready')
      throw new StillhouseError('conflict', `Dataset "${dataset.name}" is ${dataset.status}; there are no rows to show.`);
    const from = Number(cursor ?? 0);
    const page = { split, from, to: from + limit };
    const items = order === 'suspect' ? await suspectRows(deps, dataset, page) : await rowsInOrder(deps, dataset, page);
    const end = from + limit;
    return c.json({ items, nextCursor: end < dataset.rows[split] ? String(end) : null }, 200);
  });
}

interface RowsPage {
  split: Split;
  from: number;
  to: number;
}

async function rowsInOrder(deps: ApiDeps, dataset: Dataset, page: RowsPage): Promise<RowView[]> {
  return viewsOf(deps, dataset, await readDatasetRows(deps.clickhouse, dataset.project, dataset, page));
}

async function suspectRows(deps: ApiDeps, dataset: Dataset, { split, from, to }: RowsPage): Promise<RowView[]> {
  const { clickhouse } = deps;
  const { project, name, version } = dataset;
  if (!(await readInspection(deps.artifacts, { project, dataset: name, version })))
    throw new StillhouseError(
      'conflict',
      `Version ${version} of "${name}" was not inspected yet: POST /api/datasets/${name}/inspect does it.`,
    );
  const suspects = await mostSuspect(clickhouse, project, dataset, { split, limit: to - from, offset: from });
  const positions = suspects.map(({ position }) => position);
  const rows = positions.length === 0 ? [] : await rowsAt(clickhouse, project, dataset, { split, positions });
  const figures = new Map(suspects.map(({ position, suspicion }) => [position, suspicion]));
  return (await viewsOf(deps, dataset, rows)).map((row) => ({ ...row, suspicion: figures.get(row.position)! }));
}

/** Rows with what was said of them up to now. */
async function viewsOf({ clickhouse }: ApiDeps, { project, name }: Dataset, rows: readonly DatasetRow[]): Promise<RowView[]> {
  if (rows.length === 0) return [];
  const judged = rows.map((row) => ({ rowId: row.rowId, contentHash: rowContent(row) }));
  const ids = rows.map(({ rowId }) => rowId);
  const [edits, verdicts] = await Promise.all([
    standingEdits(clickhouse, project, name, { rows: ids }),
    judgeVerdictsOf(clickhouse, project, name, judged),
  ]);
  return rows.map(({ rowId, group, split, position, messages, reference, referenceTarget, traceId }) => {
    const edit = edits.get(rowId);
    const answer = edit && edit.answer !== reference ? edit.answer : null;
    const said = { verdict: wordOn(edit, verdicts.get(rowId)), answer, tags: edit?.tags ?? [] };
    return { rowId, group, split, position, messages, reference, referenceTarget, traceId, ...said };
  });
}

/** A person's word wins over any judge's. */
function wordOn(edit: RowCuration | undefined, judged: Verdict | undefined): StandingVerdict | null {
  if (edit?.verdict) return { by: 'person', verdict: edit.verdict, score: null, reason: edit.reason };
  return judged ? StandingVerdict.parse(judged) : null;
}
