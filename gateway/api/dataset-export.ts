import { createRoute, z } from '@hono/zod-openapi';
import { type Dataset, DATASET_FILE_FORMATS, type DatasetExportFormat, type Split, SPLITS } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { exportLine } from '../../core/dataset/export-row.ts';
import { datasetParquet } from '../../store/clickhouse/dataset-file.ts';
import { goldOf, readDatasetRows } from '../../store/clickhouse/datasets.ts';
import { NamedPath } from './aliases.ts';
import { VersionQuery, findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { apiRouter, refusals } from './openapi.ts';
import { download } from './download.ts';

const PAGE_ROWS = 500;
const PARQUET = 'application/vnd.apache.parquet';

const route = createRoute({
  method: 'get',
  path: '/datasets/{name}/export',
  tags: ['datasets'],
  summary: 'A split as a file',
  description:
    '`openai`: examples of its supervised fine-tuning; `sharegpt`: conversations as LLaMA-Factory reads them; `stillhouse`: lines that a dataset can be built from; `parquet`: all columns, `gold` a column of its own. ' +
    'Of the newest version that is ready, unless one is named. Gold answers stay out unless `gold=true`: then they are the answers to learn, where a row has one.',
  request: {
    params: NamedPath,
    query: VersionQuery.extend({
      format: z.enum(DATASET_FILE_FORMATS).default('openai'),
      split: z.enum(SPLITS).default('train'),
      gold: z.enum(['true', 'false']).default('false'),
    }),
  },
  responses: {
    200: { description: 'The file', content: { 'application/x-ndjson': { schema: z.any() }, [PARQUET]: { schema: z.any() } } },
    ...refusals,
  },
});

interface Wanted {
  format: DatasetExportFormat;
  split: Split;
  gold: boolean;
}

/** A dataset as a file for other trainers. */
export function datasetExportRoutes(deps: ApiDeps) {
  return apiRouter().openapi(route, async (c) => {
    const { project } = c.get('caller');
    const { format, split, gold, version } = c.req.valid('query');
    const dataset = await findUsableDataset(deps, project, c.req.valid('param').name, version);
    if (dataset.status !== 'ready')
      throw new StillhouseError('conflict', `Dataset "${dataset.name}" is ${dataset.status}; there are no rows to export.`);
    if (format === 'parquet') {
      const bytes = datasetParquet(deps.exportClickhouse ?? deps.clickhouse, project, dataset, { split, gold: gold === 'true' });
      return (await download(bytes, { type: PARQUET, file: `${dataset.name}-${dataset.version}-${split}.parquet` })) as never;
    }
    const lines = linesOf(deps, project, dataset, { format, split, gold: gold === 'true' });
    const file = `${dataset.name}-${dataset.version}-${split}.${format}.jsonl`;
    return (await download(lines, { type: 'application/x-ndjson; charset=utf-8', file })) as never;
  });
}

async function* linesOf(deps: ApiDeps, project: string, dataset: Dataset, { format, split, gold }: Wanted): AsyncGenerator<Buffer> {
  const known = gold ? await goldOf(deps.clickhouse, project, dataset, split) : new Map<string, string>();
  for (let from = 0; from < dataset.rows[split]; from += PAGE_ROWS) {
    const rows = await readDatasetRows(deps.clickhouse, project, dataset, { split, from, to: from + PAGE_ROWS });
    yield Buffer.from(rows.map((row) => `${exportLine(format, row, known.get(row.rowId) ?? null)}\n`).join(''));
  }
}
