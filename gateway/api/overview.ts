import { createRoute } from '@hono/zod-openapi';
import { Overview } from '../../contracts/http.ts';
import { overviewSince } from '../../store/clickhouse/overview.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { unlessDown } from './outages.ts';
import { withTemporal } from './temporal-calls.ts';

const overview = createRoute({
  method: 'get',
  path: '/overview',
  tags: ['overview'],
  summary: 'The last 24 hours in numbers, and how the stack stands',
  description: 'Answers with ClickHouse and Temporal down, too: then without numbers.',
  responses: answers(200, 'The overview', named('Overview', Overview)),
});

const TEMPORAL_CHECK_MS = 1_500;
const DAY_MS = 86_400_000;
const NO_NUMBERS = { calls: 0, errors: 0, costUsd: null, p50Ms: null, p95Ms: null, byTarget: [], byHour: [] };

/** The console's first page and `stillhouse status`. */
export function overviewRoutes(deps: ApiDeps) {
  return apiRouter().openapi(overview, async (c) => {
    const { project } = c.get('caller');
    const since = new Date(deps.now() - DAY_MS).toISOString();
    const [numbers, temporal, spool] = await Promise.all([
      unlessDown(() => overviewSince(deps.clickhouse, project, since), null),
      temporalAnswers(deps),
      deps.spool(),
    ]);
    const clickhouse = numbers ? ('up' as const) : ('down' as const);
    return c.json({ project, ...(numbers ?? NO_NUMBERS), spool, temporal, clickhouse, temporalUi: deps.temporalUi }, 200);
  });
}

/** Asks the server itself: a client that was connected once says nothing about now. */
async function temporalAnswers(deps: ApiDeps): Promise<'up' | 'down'> {
  return unlessDown(async () => {
    await withTemporal(deps, TEMPORAL_CHECK_MS, (client) => client.workflowService.getSystemInfo({}));
    return 'up' as const;
  }, 'down' as const);
}
