import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { EXPORT_FORMATS, type ExportFormat, TraceFilter } from '../../contracts/traces.ts';
import { exportTraces } from '../../store/clickhouse/trace-export.ts';
import type { ApiDeps } from './dependencies.ts';
import { download } from './download.ts';
import { apiRouter, refusals } from './openapi.ts';
import { readTraceFilter } from './trace-query.ts';

const TYPES: Record<ExportFormat, string> = {
  jsonl: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  parquet: 'application/vnd.apache.parquet',
};

const route = createRoute({
  method: 'get',
  path: '/traces/export',
  tags: ['traces'],
  summary: 'All traces that match, as a file',
  description:
    'Takes the filters of the list; oldest first, up to now. Bodies are JSON as text, images in them references (`GET /api/images/{sha256}`). ' +
    'The file is streamed; where it ends before it is whole, the connection breaks.',
  request: {
    query: z.looseObject({
      format: z.enum(EXPORT_FORMATS).default('jsonl'),
      ...TraceFilter.omit({ metadata: true, cursor: true, limit: true, count: true }).shape,
    }),
  },
  responses: {
    200: {
      description: 'The file',
      content: Object.fromEntries(EXPORT_FORMATS.map((format) => [TYPES[format].split(';')[0], { schema: z.any() }])),
    },
    ...refusals,
  },
});

/** Traces as a file; to be mounted before what takes `export` for an id. */
export function traceExportRoutes(deps: ApiDeps) {
  return apiRouter().openapi(route, async (c) => {
    const query = new URL(c.req.url).searchParams;
    for (const name of ['cursor', 'limit', 'count'])
      if (query.has(name)) throw new StillhouseError('invalid_request', `${name}: an export has all that matches`, { param: name });
    const { format } = c.req.valid('query');
    query.delete('format');
    const filter = readTraceFilter(query);
    const now = new Date(deps.now()).toISOString();
    const untilIso = filter.until !== undefined && Date.parse(filter.until) < deps.now() ? filter.until : now;
    const bytes = exportTraces(deps.exportClickhouse ?? deps.clickhouse, c.get('caller').project, { filter, format, untilIso });
    return (await download(bytes, { type: TYPES[format], file: `traces.${format}` })) as never;
  });
}
