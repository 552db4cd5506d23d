import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { Trace, TraceFilter, TraceSummary } from '../../contracts/traces.ts';
import { getTrace, listTraces } from '../../store/clickhouse/traces.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named, pageOf } from './openapi.ts';
import { readTraceFilter } from './trace-query.ts';

const list = createRoute({
  method: 'get',
  path: '/traces',
  tags: ['traces'],
  summary: 'Traces, newest first',
  description: 'Metadata is filtered by pairs of the form `metadata[key]=value`; all of them must match.',
  request: { query: z.looseObject(TraceFilter.omit({ metadata: true }).shape) },
  responses: answers(200, 'A page of traces without their bodies', pageOf('TraceSummary', TraceSummary)),
});
const show = createRoute({
  method: 'get',
  path: '/traces/{id}',
  tags: ['traces'],
  summary: 'One whole trace',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: answers(200, 'The trace with request, response and attempts', named('Trace', Trace)),
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Recorded calls, from ClickHouse. */
export function traceRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, async (c) => {
      const filter = readTraceFilter(new URL(c.req.url).searchParams);
      return c.json(await listTraces(deps.clickhouse, c.get('caller').project, filter), 200);
    })
    .openapi(show, async (c) => {
      const { id } = c.req.valid('param');
      const found = UUID.test(id) ? await getTrace(deps.clickhouse, c.get('caller').project, id.toLowerCase(), deps.artifacts) : null;
      if (!found)
        throw new StillhouseError('not_found', `There is no trace "${id}". A call shows here about a second after it ended.`, {
          param: 'id',
        });
      return c.json(found, 200);
    });
}
