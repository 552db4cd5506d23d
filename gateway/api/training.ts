import { createRoute } from '@hono/zod-openapi';
import { TrainingPoint } from '../../contracts/language-model.ts';
import { trainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { NamedPath } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { findDistillation } from './distillations.ts';
import { answers, apiRouter, pageOf } from './openapi.ts';

const show = createRoute({
  method: 'get',
  path: '/distillations/{name}/training',
  tags: ['distillations'],
  summary: "What a language model's training measured, by step",
  description:
    'Terms of the loss, validation scores and speed of the newest run of that name, while it trains and after. Empty for an encoder, which is trained in one go.',
  request: { params: NamedPath },
  responses: answers(200, 'The points in the order of their steps', pageOf('TrainingPoint', TrainingPoint)),
});

/** Measured steps, from ClickHouse. */
export function trainingRoutes(deps: ApiDeps) {
  return apiRouter().openapi(show, async (c) => {
    const { project } = c.get('caller');
    const run = await findDistillation(deps, project, c.req.valid('param').name);
    return c.json({ items: await trainingPoints(deps.clickhouse, project, run.name, run.runId), nextCursor: null }, 200);
  });
}
