import { type Context, Hono } from 'hono';
import { StillhouseError } from '../contracts/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { problemOf } from './api/problems.ts';
import { chatCompletions } from './chat/completions.ts';
import { tokenCounts, translatedCalls } from './chat/translated-calls.ts';
import { embeddings } from './embeddings/embeddings.ts';
import type { DataPlane } from './chat/data-plane.ts';
import type { Handler } from './chat/make-call.ts';
import { listModels, showModel } from './chat/models.ts';
import { asStillhouseError, errorResponse } from './chat/openai-error.ts';
import { consoleFile } from './console/static-files.ts';
import { metrics, readiness } from './health.ts';
import { authenticateApi } from './keys/authenticate-api.ts';
import type { GatewayContext } from './keys/caller.ts';
import { completionsWayIn } from './ways-in/completions.ts';
import { messagesWayIn } from './ways-in/messages.ts';
import { responsesWayIn } from './ways-in/responses.ts';

const CHAT = '/v1/chat/completions';

/** What the app is put together from. */
export interface AppParts {
  dataPlane: DataPlane;
  /** The control plane, from `gateway/api/api.ts`; mounted at `/api` behind the key check. */
  api: Hono<GatewayContext>;
  /** Fine-tuning at the providers, from `gateway/tuning/tuning-routes.ts`; mounted at `/v1/tuning`, and checks keys itself. */
  tuning: Hono<GatewayContext>;
  /** `POST /v1/feedback`, from `gateway/feedback/feedback.ts`. */
  feedback: Handler;
  /** Folder of the built console. */
  consoleFolder: string;
  log: Logger;
}

type Fetch = (request: Request, env: object) => Response | Promise<Response>;

/**
 * The app with a way of its own for the one hot route: alone in its router it is found by a look-up and called without
 * a chain of handlers.
 */
export function withHotPath(app: Hono<GatewayContext>, dataPlane: DataPlane): Fetch {
  const hot = new Hono<GatewayContext>();
  hot.post(CHAT, chatCompletions(dataPlane));
  hot.notFound((c) => app.fetch(c.req.raw, c.env));
  return (request, env) => (request.method === 'POST' && request.url.endsWith(CHAT) ? hot.fetch(request, env) : app.fetch(request, env));
}

/** The gateway's routes: data plane `/v1`, control plane `/api`, console files. */
export function createApp(parts: AppParts): Hono<GatewayContext> {
  const { dataPlane } = parts;
  const app = new Hono<GatewayContext>();
  app.post(CHAT, chatCompletions(dataPlane));
  for (const wayIn of [completionsWayIn, messagesWayIn, responsesWayIn]) app.post(`/v1/${wayIn.name}`, translatedCalls(dataPlane, wayIn));
  app.post('/v1/messages/count_tokens', tokenCounts(dataPlane));
  app.post('/v1/embeddings', embeddings(dataPlane));
  app.post('/v1/feedback', parts.feedback);
  app.get('/v1/models', listModels(dataPlane));
  app.get('/v1/models/*', showModel(dataPlane));
  app.route('/v1/tuning', parts.tuning);
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', readiness(dataPlane));
  app.get('/metrics', metrics(dataPlane));
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
  if (path === CHAT) return wrongMethod(c, 'POST');
  if (path === '/v1/models' || path.startsWith('/v1/models/')) return wrongMethod(c, 'GET');
  const error = new StillhouseError('not_found', `Unknown request URL: ${method} ${path}`);
  if (isApi(path)) return problemOf(c, error, parts.log);
  if (path === '/v1' || path.startsWith('/v1/')) return errorResponse(error);
  if (method !== 'GET' && method !== 'HEAD') return errorResponse(error);
  return consoleFile(parts.consoleFolder, path);
}

function isApi(path: string): boolean {
  return path === '/api' || path.startsWith('/api/');
}
