import { createRoute, z } from '@hono/zod-openapi';
import { ForgetPreview, Forgetting, ForgetRequest } from '../../contracts/forget.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import type { Privacy } from '../../contracts/privacy.ts';
import { redactionOf } from '../../core/privacy/redaction.ts';
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
    'Removes traces by id, or all of a user, of a session or with pairs of metadata (a call carries all of them) up to now, with what was made of them: attempts, feedback, images, rows of datasets and what was said of ' +
    'them, candidates, files of distillations, calls of the pipeline that held their texts. What arrives later of them is read by nobody, and removed within the hour.',
  request: { body: jsonBody(named('ForgetRequest', ForgetRequest)) },
  responses: answers(202, 'It has begun; `GET /api/traces/forget/{name}` says how it goes on', forgetting),
});
const preview = createRoute({
  method: 'post',
  path: '/traces/forget/preview',
  tags,
  summary: 'How many calls would be forgotten',
  request: { body: jsonBody(named('ForgetRequest', ForgetRequest)) },
  responses: answers(200, 'Stored calls that the request names, and what it can’t find', named('ForgetPreview', ForgetPreview)),
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
      const { project } = c.get('caller');
      const request = c.req.valid('json');
      const traces = await countNamed(deps.clickhouse, project, request);
      return c.json({ traces, warnings: maskedOwners(deps.snapshots.current(project).privacy, request) }, 200);
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

/** Of a name that the project masks calls can't be told: see docs/decisions/0015. */
function maskedOwners(privacy: Privacy | null, { user = '', session = '', metadata = {} }: ForgetRequest): string[] {
  if (privacy === null) return [];
  const redaction = redactionOf(privacy);
  const stored = redaction.owners({ user_id: user, session_id: session, metadata: {} });
  const pairOf = (pair: Record<string, string>) => Object.entries(pair)[0]!.join('=');
  const names = [
    ['user', user, stored.user_id],
    ['session', session, stored.session_id],
    ...Object.entries(metadata).map(([key, value]) => {
      const pair = { [key]: value };
      return ['pair', pairOf(pair), pairOf(redaction.owners({ user_id: '', session_id: '', metadata: pair }).metadata)] as const;
    }),
  ] as const;
  return names
    .filter(([, said, kept]) => said !== kept)
    .map(
      ([what, , kept]) =>
        `The project stores this ${what} as "${kept}", others maybe, too: calls that are masked so can't be told by it. Name them by their ids, or by what is not masked.`,
    );
}

function running(name: string, startedAt: string): Forgetting {
  return { name, status: 'running', counts: null, artifacts: null, startedAt, endedAt: null, error: null };
}
