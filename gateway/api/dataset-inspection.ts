import { createRoute, z } from '@hono/zod-openapi';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { type InspectDatasetInput, Inspection } from '../../contracts/dataset-inspection.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { readInspection } from '../../store/artifacts/inspections.ts';
import { NamedPath } from './aliases.ts';
import { VersionQuery, findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { answers, apiRouter, named } from './openapi.ts';
import { CHANGE_TIMEOUT_MS, READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { describeRun, failureOf } from './workflow-runs.ts';

const tags = ['datasets'];
const request = { params: NamedPath, query: VersionQuery };

const start = createRoute({
  method: 'post',
  path: '/datasets/{name}/inspect',
  tags,
  summary: 'Look for suspect rows, and for test rows that are nearly training rows',
  description: 'Of the newest version that is ready, unless one is named. Once a version: what was found stands.',
  request,
  responses: answers(
    202,
    'The inspection has begun, or is there; `location` is where it stands',
    named('StartedInspection', Inspection.extend({ location: z.string() })),
  ),
});
const show = createRoute({
  method: 'get',
  path: '/datasets/{name}/inspection',
  tags,
  summary: 'What an inspection found: suspect rows, and leakage between training and test',
  description: '`GET /api/datasets/{name}/rows?order=suspect` shows the rows.',
  request,
  responses: answers(200, 'The inspection', named('Inspection', Inspection)),
});

/** A dataset version looked over. */
export function datasetInspectionRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(start, async (c) => {
      const input = await inspected(deps, c.get('caller').project, c.req.valid('param').name, c.req.valid('query').version);
      const card = await readInspection(deps.artifacts, input);
      if (!card) await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => startOrJoin(client, input));
      const { dataset, version } = input;
      const location = `/api/datasets/${dataset}/inspection?version=${version}`;
      c.header('location', location);
      return c.json({ dataset, version, status: card ? 'completed' : 'running', error: null, card, location } as const, 202);
    })
    .openapi(show, async (c) => {
      const input = await inspected(deps, c.get('caller').project, c.req.valid('param').name, c.req.valid('query').version);
      return c.json(await inspectionOf(deps, input), 200);
    });
}

async function inspected(deps: ApiDeps, project: string, name: string, wanted: number | undefined): Promise<InspectDatasetInput> {
  const { status, version } = await findUsableDataset(deps, project, name, wanted);
  if (status === 'ready') return { project, dataset: name, version };
  throw new StillhouseError('conflict', `Dataset "${name}" is ${status}; there are no rows to look at.`);
}

async function startOrJoin(client: Client, input: InspectDatasetInput): Promise<void> {
  try {
    await client.workflow.start(WORKFLOWS.inspectDataset, {
      workflowId: workflowIds.inspectDataset(input.project, input.dataset, input.version),
      taskQueue: QUEUES.main,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

async function inspectionOf(deps: ApiDeps, input: InspectDatasetInput): Promise<Inspection> {
  const { dataset, version } = input;
  const card = await readInspection(deps.artifacts, input);
  if (card) return { dataset, version, status: 'completed', error: null, card };
  return withTemporal(deps, READ_TIMEOUT_MS, async (client) => {
    const run = await describeRun(client, workflowIds.inspectDataset(input.project, dataset, version));
    if (!run) return { dataset, version, status: 'none', error: null, card: null };
    if (run.status.name === 'RUNNING') return { dataset, version, status: 'running', error: null, card: null };
    // The card may have been published since it was looked for.
    const late = await readInspection(deps.artifacts, input);
    if (late) return { dataset, version, status: 'completed', error: null, card: late };
    const error = run.status.name === 'FAILED' ? await failureOf(client, run) : 'It was ended before it had looked at all rows.';
    return { dataset, version, status: 'failed', error, card: null };
  });
}
