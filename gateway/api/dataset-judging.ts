import { createRoute, z } from '@hono/zod-openapi';
import { JudgeRequest, Judgement } from '../../contracts/dataset-judging.ts';
import { Name } from '../../contracts/identifiers.ts';
import { listJudgements } from '../../store/clickhouse/dataset-judgements.ts';
import { NamedPath } from './aliases.ts';
import { VersionQuery } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { cancelJudgement, findJudgement, startJudgement } from './judgements.ts';
import { answers, apiRouter, jsonBody, named, pageOf } from './openapi.ts';

const tags = ['datasets'];
const judgement = named('Judgement', Judgement);

const start = createRoute({
  method: 'post',
  path: '/datasets/{name}/judge',
  tags,
  summary: 'Have a model score every row',
  description:
    'Of the newest version that is ready, unless one is named. The same request about the same version joins the run that exists. Answers are journalled: none is paid for twice, in no later run either.',
  request: { params: NamedPath, query: VersionQuery, body: jsonBody(named('JudgeRequest', JudgeRequest)) },
  responses: answers(
    202,
    'The run has begun; `location` is where it stands',
    named('StartedJudgement', Judgement.extend({ location: z.string() })),
  ),
});
const list = createRoute({
  method: 'get',
  path: '/datasets/{name}/judgements',
  tags,
  summary: 'Runs of judges, the latest begun first',
  request: { params: NamedPath },
  responses: answers(200, 'At most 100 runs as they were last recorded', pageOf('Judgement', judgement)),
});
const show = createRoute({
  method: 'get',
  path: '/datasets/{name}/judgements/{judgement}',
  tags,
  summary: "Where a judge's run stands",
  description: 'With Temporal down the last recorded state, marked `stale`.',
  request: { params: NamedPath.extend({ judgement: Name }) },
  responses: answers(200, 'The run', judgement),
});
const cancel = createRoute({
  method: 'post',
  path: '/datasets/{name}/judgements/{judgement}/cancel',
  tags,
  summary: "End a judge's run",
  description: 'Calls in flight are answered and journalled first: another run finds them.',
  request: { params: NamedPath.extend({ judgement: Name }) },
  responses: answers(202, 'The run has taken it', judgement),
});

/** Rows scored by a model. */
export function datasetJudgingRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(start, async (c) => {
      const { name: dataset } = c.req.valid('param');
      const of = { project: c.get('caller').project, dataset, version: c.req.valid('query').version };
      const begun = await startJudgement(deps, of, c.req.valid('json'));
      const location = `/api/datasets/${dataset}/judgements/${begun.name}`;
      c.header('location', location);
      return c.json({ ...begun, location }, 202);
    })
    .openapi(list, async (c) => {
      const items = await listJudgements(deps.clickhouse, c.get('caller').project, c.req.valid('param').name);
      return c.json({ items, nextCursor: null }, 200);
    })
    .openapi(cancel, async (c) => {
      const { name, judgement } = c.req.valid('param');
      return c.json(await cancelJudgement(deps, c.get('caller').project, name, judgement), 202);
    })
    .openapi(show, async (c) => {
      const { name, judgement } = c.req.valid('param');
      return c.json(await findJudgement(deps, c.get('caller').project, name, judgement), 200);
    });
}
