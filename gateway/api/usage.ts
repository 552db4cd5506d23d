import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { Usage, USAGE_DIMENSIONS, UsageQuery } from '../../contracts/usage.ts';
import { usageOf } from '../../store/clickhouse/usage.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { refuseUnknown } from './trace-query.ts';

const usage = createRoute({
  method: 'get',
  path: '/usage',
  tags: ['usage'],
  summary: 'Calls, errors, tokens, cost and latency by alias, model, provider, key, cluster, day',
  description:
    '`by` names what to group by, separated by commas; without it there is one row of totals. The last 30 days by default, by the minute. ' +
    'By cluster only traces count that a clustering has seen. More than 10,000 groups are refused.',
  request: {
    query: z.looseObject({ ...UsageQuery.omit({ by: true }).shape, by: z.string().optional() }),
  },
  responses: answers(200, 'One item a group', named('Usage', Usage)),
});

const DEFAULT_SPAN_MS = 30 * 86_400_000;

/** What was used, from the roll-ups. */
export function usageRoutes(deps: ApiDeps) {
  return apiRouter().openapi(usage, async (c) => {
    refuseUnknown(new URL(c.req.url).searchParams, Object.keys(UsageQuery.shape));
    const { by, ...rest } = c.req.valid('query');
    const query = { ...rest, by: dimensionsOf(by) };
    const until = query.until === undefined ? deps.now() : Date.parse(query.until);
    const since = query.since === undefined ? until - DEFAULT_SPAN_MS : Date.parse(query.since);
    if (since >= until) throw new StillhouseError('invalid_request', '"since" must be before "until".', { param: 'since' });
    const span = { since: new Date(since).toISOString(), until: new Date(until).toISOString() };
    return c.json({ ...span, items: await usageOf(deps.clickhouse, c.get('caller').project, { ...query, ...span }) }, 200);
  });
}

/** Checked here: the document describes `by` as it is written, a text with commas. */
function dimensionsOf(by: string | undefined): UsageQuery['by'] {
  const parsed = UsageQuery.shape.by.safeParse(by);
  if (parsed.success) return parsed.data;
  const detail = `by: "${by}" does not name what usage is grouped by: some of ${USAGE_DIMENSIONS.join(', ')}, with commas, each at most once.`;
  throw new StillhouseError('invalid_request', detail, { param: 'by' });
}
