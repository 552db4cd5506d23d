import { type Context, Hono } from 'hono';
import { StillhouseError } from '../contracts/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { problemOf } from './api/problems.ts';
import { chatCompletions } from './chat/completions.ts';
import type { DataPlane } from './chat/data-plane.ts';
import { listModels, showModel } from './chat/models.ts';
import { asStillhouseError, errorResponse } from './chat/openai-error.ts';
import { consoleFile } from './console/static-files.ts';
import { metrics, readiness } from './health.ts';
import { authenticateApi } from './keys/authenticate-api.ts';
import type { GatewayContext } from './keys/caller.ts';

/** What the app is put together from. */
export interface AppParts {
  dataPlane: DataPlane;
  /** The control plane, from `gateway/api/api.ts`; mounted at `/api` behind the key check. */
  api: Hono<GatewayContext>;
  /** Folder of the built console. */
  consoleFolder: string;
  log: Logger;
}

/** The gateway's routes: data plane `/v1`, control plane `/api`, console files. */
export function createApp(parts: AppParts): Hono<GatewayContext> {
  const { dataPlane } = parts;
  const app = new Hono<GatewayContext>();
  // No middleware on this one: a route with a single handler is called without Hono's chain.
  app.post('/v1/chat/completions', chatCompletions(dataPlane));
  app.get('/v1/models', listModels(dataPlane));
  app.get('/v1/models/*', showModel(dataPlane));
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', readiness(dataPlane));
  app.get('/metrics', metrics(dataPlane));
  app.all('/v1/chat/completions', (c) => wrongMethod(c, 'POST'));
  app.all('/v1/models', (c) => wrongMethod(c, 'GET'));
  app.all('/v1/models/*', (c) => wrongMethod(c, 'GET'));
  app.use('/api/*', authenticateApi(dataPlane.keys));
  app.route('/api', parts.api);
  app.notFound((c) => missing(c, parts));
  app.onError((error, c) => {
    if (isApi(c.req.path)) return problemOf(c, error, parts.log);
    const failure = asStillhouseError(error);
    if (failure.code === 'internal') parts.log.error({ err: error, path: c.req.path }, 'a request failed inside the gateway');
    return errorResponse(failure);
  });
  return app;
}

function wrongMethod(c: Context, allowed: string): Response {
  const error = new StillhouseError('method_not_allowed', `Not allowed to ${c.req.method} on ${c.req.path} (HINT: use ${allowed})`);
  return errorResponse(error, { allow: allowed });
}

function missing(c: Context, parts: AppParts): Response | Promise<Response> {
  const { method, path } = c.req;
  const error = new StillhouseError('not_found', `Unknown request URL: ${method} ${path}`);
  if (isApi(path)) return problemOf(c, error, parts.log);
  if (path === '/v1' || path.startsWith('/v1/')) return errorResponse(error);
  if (method !== 'GET' && method !== 'HEAD') return errorResponse(error);
  return consoleFile(parts.consoleFolder, path);
}

function isApi(path: string): boolean {
  return path === '/api' || path.startsWith('/api/');
}
