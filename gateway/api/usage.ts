import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { Usage, USAGE_DIMENSIONS, UsageQuery } from '../../contracts/usage.ts';
import { usageOf } from '../../store/clickhouse/usage.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { refuseUnknown, splitMetadata } from './trace-query.ts';

/** Its parameters but `metadata[key]`. `by` is described as it is written, a text with commas, and checked below. */
const Asked = z.object({ ...UsageQuery.omit({ by: true, metadata: true }).shape, by: z.string().optional() });

const usage = createRoute({
  method: 'get',
  path: '/usage',
  tags: ['usage'],
  summary: 'Calls, errors, tokens, cost and latency by alias, model, provider, key, user, metadata, cluster, day',
  description:
    '`by` names what to group by, separated by commas (`metadata.team`: by the value of that key); without it there is one row of totals. ' +
    'The last 30 days by default, by the minute. `metadata[key]=value` filters. By user and metadata only calls count whose traces are ' +
    'kept, by cluster those that a clustering has seen. More than 10,000 groups are refused.',
  request: {
    query: z.looseObject(Asked.shape),
  },
  responses: answers(200, 'One item a group', named('Usage', Usage)),
});

const PLAIN = Object.keys(Asked.shape);
const DEFAULT_SPAN_MS = 30 * 86_400_000;

/** What was used, from the roll-ups. */
export function usageRoutes(deps: ApiDeps) {
  return apiRouter().openapi(usage, async (c) => {
    const { plain, metadata } = splitMetadata(new URL(c.req.url).searchParams);
    refuseUnknown(plain, PLAIN, 'metadata[key]');
    const { by, ...rest } = Asked.parse(c.req.valid('query'));
    const query = { ...rest, metadata, by: dimensionsOf(by) };
    const until = query.until === undefined ? deps.now() : Date.parse(query.until);
    const since = query.since === undefined ? until - DEFAULT_SPAN_MS : Date.parse(query.since);
    if (since >= until) throw new StillhouseError('invalid_request', '"since" must be before "until".', { param: 'since' });
    const span = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
    return c.json({ ...span, items: await usageOf(deps.clickhouse, c.get('caller').project, { ...query, ...span }) }, 200);
  });
}

function dimensionsOf(by: string | undefined): UsageQuery['by'] {
  const parsed = UsageQuery.shape.by.safeParse(by);
  if (parsed.success) return parsed.data;
  const detail = `by: "${by}" does not name what usage is grouped by: some of ${USAGE_DIMENSIONS.join(', ')}, metadata.<key>, with commas, each at most once.`;
  throw new StillhouseError('invalid_request', detail, { param: 'by' });
}
