import { createRoute } from '@hono/zod-openapi';
import { type ProviderHour, ProviderView } from '../../contracts/providers.ts';
import { NO_ATTEMPTS, providerAttempts } from '../../store/clickhouse/provider-attempts.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, pageOf } from './openapi.ts';
import { unlessDown } from './outages.ts';

const list = createRoute({
  method: 'get',
  path: '/providers',
  tags: ['providers'],
  summary: 'The configured providers: keys, models, prices, breakers, and how they did in the last hour',
  description:
    'Keys themselves are not among it, only whether they are set, and from where. Breakers are those of the gateway that answers (of several processes the worst); attempts, errors and latency are of ' +
    "the project's calls, a second or two behind. What a caller broke off or asked for wrongly is no error. With ClickHouse down the hour is null, the rest as ever.",
  responses: answers(200, "The providers in the configuration's order", pageOf('Provider', ProviderView)),
});

const HOUR_MS = 3_600_000;

/** Providers and their health. */
export function providerRoutes(deps: ApiDeps) {
  return apiRouter().openapi(list, async (c) => {
    const since = new Date(deps.now() - HOUR_MS).toISOString();
    const attempts = await unlessDown(() => providerAttempts(deps.clickhouse, c.get('caller').project, since), null);
    const hourOf = (hours: ReadonlyMap<string, ProviderHour> | undefined, name: string) => hours && (hours.get(name) ?? NO_ATTEMPTS);
    const standings = await deps.providers.now([...(attempts?.byTarget.keys() ?? [])]);
    const items = standings.map((standing) => ({
      ...standing,
      models: standing.models.map((model) => ({ ...model, lastHour: hourOf(attempts?.byTarget, model.target) ?? null })),
      lastHour: hourOf(attempts?.byProvider, standing.id) ?? null,
      lastErrors: attempts && (attempts.errors.get(standing.id) ?? []),
    }));
    return c.json({ items, nextCursor: null }, 200);
  });
}
