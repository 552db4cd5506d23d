import type { OpenAPIHono } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import type { GatewayContext } from '../keys/caller.ts';
import { aliasHistoryRoutes } from './alias-history.ts';
import { aliasRoutes } from './aliases.ts';
import { baseRoutes } from './bases.ts';
import { clusterRoutes } from './clusters.ts';
import { datasetEditRoutes } from './dataset-edits.ts';
import { datasetExportRoutes } from './dataset-export.ts';
import { datasetInspectionRoutes } from './dataset-inspection.ts';
import { datasetJudgingRoutes } from './dataset-judging.ts';
import { datasetRowRoutes } from './dataset-rows.ts';
import { datasetRoutes } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { distillationControlRoutes } from './distillation-control.ts';
import { distillationEventRoutes } from './distillation-events.ts';
import { distillationRoutes } from './distillations.ts';
import { describeApi } from './document.ts';
import { estimateRoutes } from './estimate.ts';
import { fileRoutes } from './files.ts';
import { imageRoutes } from './images.ts';
import { honoPath, limitJsonBodies } from './json-bodies.ts';
import { keyRoutes } from './keys.ts';
import { apiRouter } from './openapi.ts';
import { overviewRoutes } from './overview.ts';
import { problemOf } from './problems.ts';
import { projectRoutes } from './projects.ts';
import { providerKeyRoutes } from './provider-keys.ts';
import { providerRoutes } from './providers.ts';
import { studentChangeRoutes } from './student-changes.ts';
import { studentFileRoutes } from './student-files.ts';
import { studentRoutes } from './students.ts';
import { traceExportRoutes } from './trace-export.ts';
import { traceForgetRoutes } from './trace-forget.ts';
import { traceImportRoutes } from './trace-import.ts';
import { traceReplayRoutes } from './trace-replay.ts';
import { traceRoutes } from './traces.ts';
import { trainingRoutes } from './training.ts';
import { usageRoutes } from './usage.ts';
import { webhookRoutes } from './webhooks.ts';

/**
 * The control plane, to be mounted at `/api` behind the key check, which sets `caller`. Every failure is answered with
 * problem details; the description of all routes lies at `/openapi.json`.
 */
export function createApi(deps: ApiDeps): OpenAPIHono<GatewayContext> {
  const api = apiRouter();
  const resources = [
    overviewRoutes,
    traceExportRoutes,
    traceImportRoutes,
    traceForgetRoutes,
    traceReplayRoutes,
    traceRoutes,
    imageRoutes,
    usageRoutes,
    aliasRoutes,
    aliasHistoryRoutes,
    keyRoutes,
    projectRoutes,
    providerRoutes,
    providerKeyRoutes,
    studentRoutes,
    studentFileRoutes,
    studentChangeRoutes,
    clusterRoutes,
    webhookRoutes,
    fileRoutes,
    datasetRoutes,
    datasetExportRoutes,
    datasetRowRoutes,
    datasetJudgingRoutes,
    datasetEditRoutes,
    datasetInspectionRoutes,
    baseRoutes,
    estimateRoutes,
    distillationRoutes,
    distillationEventRoutes,
    trainingRoutes,
    distillationControlRoutes,
  ];
  const routers = resources.map((routes) => routes(deps));
  limitJsonBodies(api, routers);
  for (const router of routers) api.route('/', router);
  api.get('/openapi.json', (c) => c.json(describeApi(api)));
  refuseOtherMethods(api);
  api.all('*', (c) => {
    throw new StillhouseError('not_found', `There is no ${c.req.method} ${c.req.path}; GET /api/openapi.json lists what there is.`);
  });
  api.onError((error, c) => problemOf(c, error, deps.log));
  return api;
}

/** A path that exists with another method is a 405 that names those it takes. */
function refuseOtherMethods(api: OpenAPIHono<GatewayContext>): void {
  const methods = new Map<string, string[]>();
  for (const definition of api.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const path = honoPath(definition.route.path);
    methods.set(path, [...(methods.get(path) ?? []), definition.route.method.toUpperCase()]);
  }
  for (const [path, allowed] of methods) {
    api.all(path, (c) => {
      c.header('allow', allowed.join(', '));
      throw new StillhouseError(
        'method_not_allowed',
        `${c.req.method} is not possible here; ${allowed.join(' and ')} ${allowed.length > 1 ? 'are' : 'is'}.`,
      );
    });
  }
}
