import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { TraceFilter, TracePage, TraceView } from '../../contracts/traces.ts';
import { feedbackOf } from '../../store/clickhouse/feedback.ts';
import { listTraces } from '../../store/clickhouse/trace-list.ts';
import { getTrace } from '../../store/clickhouse/traces.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { readTraceFilter } from './trace-query.ts';

const list = createRoute({
  method: 'get',
  path: '/traces',
  tags: ['traces'],
  summary: 'Traces, newest first',
  description:
    'All conditions must match. Metadata is filtered by pairs of the form `metadata[key]=value`; `text` by words of the last user message and the answer. ' +
    '`count=true` counts what matches, up to 10,000 (`capped` says that there are more). A query that takes too long or too much memory is refused.',
  request: { query: z.looseObject(TraceFilter.omit({ metadata: true }).shape) },
  responses: answers(200, 'A page of traces without their bodies', named('TracePage', TracePage)),
});
const show = createRoute({
  method: 'get',
  path: '/traces/{id}',
  tags: ['traces'],
  summary: 'One whole trace',
  request: { params: z.object({ id: z.string().max(100) }) },
  responses: answers(200, 'The trace with request, response, attempts and feedback', named('Trace', TraceView)),
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Recorded calls, from ClickHouse. */
export function traceRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(list, async (c) => {
      const filter = readTraceFilter(new URL(c.req.url).searchParams);
      return c.json(await listTraces(deps.clickhouse, c.get('caller').project, filter, deps.now()), 200);
    })
    .openapi(show, async (c) => {
      const { id } = c.req.valid('param');
      const { project } = c.get('caller');
      const found = UUID.test(id) ? await getTrace(deps.clickhouse, project, id.toLowerCase(), deps.artifacts) : null;
      if (!found)
        throw new StillhouseError('not_found', `There is no trace "${id}". A call shows here about a second after it ended.`, {
          param: 'id',
        });
      return c.json({ ...found, feedback: await feedbackOf(deps.clickhouse, project, found.id) }, 200);
    });
}
