import { createRoute, z } from '@hono/zod-openapi';
import { Forgetting, ForgetRequest } from '../../contracts/forget.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { contentHash } from '../../platform/content-hash.ts';
import { keepForgetRequest, readForgetRequest, readForgetting } from '../../store/artifacts/forget-artifacts.ts';
import { countNamed } from '../../store/clickhouse/forget.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, jsonBody, named } from './openapi.ts';
import { CHANGE_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';

const tags = ['traces'];
const forgetting = named('Forgetting', Forgetting);

const start = createRoute({
  method: 'post',
  path: '/traces/forget',
  tags,
  summary: 'Forget calls, wherever they are',
  description:
    'Removes traces by id, or all of a user or a session up to now, with what was made of them: attempts, feedback, images, rows of datasets and what was said of ' +
    'them, candidates, files of distillations, calls of the pipeline that held their texts. What arrives later of them is removed within the hour.',
  request: { body: jsonBody(named('ForgetRequest', ForgetRequest)) },
  responses: answers(202, 'It has begun; `GET /api/traces/forget/{name}` says how it goes on', forgetting),
});
const preview = createRoute({
  method: 'post',
  path: '/traces/forget/preview',
  tags,
  summary: 'How many calls would be forgotten',
  request: { body: jsonBody(named('ForgetRequest', ForgetRequest)) },
  responses: answers(200, 'Stored calls that the request names', named('ForgetPreview', z.object({ traces: z.number() }))),
});
const show = createRoute({
  method: 'get',
  path: '/traces/forget/{name}',
  tags,
  summary: 'How a forgetting stands',
  request: { params: z.object({ name: z.string() }) },
  responses: answers(200, 'The forgetting', forgetting),
});

/** Forgetting: asked here, done by a workflow. */
export function traceForgetRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(preview, async (c) => {
      const traces = await countNamed(deps.clickhouse, c.get('caller').project, c.req.valid('json'));
      return c.json({ traces }, 200);
    })
    .openapi(start, async (c) => {
      const { project } = c.get('caller');
      const request = c.req.valid('json');
      const startedAt = new Date(deps.now()).toISOString();
      const name = contentHash([request, startedAt]).slice(0, 32);
      // Kept first: a start that is not acknowledged can be repeated, and what was asked is not lost with this process.
      await keepForgetRequest(deps.artifacts, project, name, { request, startedAt });
      await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) =>
        client.workflow.start(WORKFLOWS.forgetTraces, {
          workflowId: workflowIds.forgetTraces(project, name),
          taskQueue: QUEUES.main,
          args: [{ project, name }],
        }),
      );
      c.header('location', `/api/traces/forget/${name}`);
      return c.json(running(name, startedAt), 202);
    })
    .openapi(show, async (c) => {
      const { project } = c.get('caller');
      const { name } = c.req.valid('param');
      const asked = /^[0-9a-f]{32}$/.test(name) ? await readForgetRequest(deps.artifacts, project, name) : null;
      const ended = /^[0-9a-f]{32}$/.test(name) ? await readForgetting(deps.artifacts, project, name) : null;
      if (ended) return c.json(ended, 200);
      if (asked) return c.json(running(name, asked.startedAt), 200);
      throw new StillhouseError('not_found', `Nothing was asked to be forgotten as "${name}" in this project.`, { param: 'name' });
    });
}

function running(name: string, startedAt: string): Forgetting {
  return { name, status: 'running', counts: null, artifacts: null, startedAt, endedAt: null, error: null };
}
