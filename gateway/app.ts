import { type Context, Hono } from 'hono';
import { StillhouseError } from '../contracts/errors.ts';
import type { Logger } from '../platform/logger.ts';
import { problemOf } from './api/problems.ts';
import { chatCompletions } from './chat/completions.ts';
import { tokenCounts, translatedCalls } from './chat/translated-calls.ts';
import { embeddings } from './embeddings/embeddings.ts';
import type { DataPlane } from './chat/data-plane.ts';
import { toResponse } from './chat/answer.ts';
import type { CallHandler } from './chat/make-call.ts';
import { listModels, showModel } from './chat/models.ts';
import { asStillhouseError, errorResponse } from './chat/openai-error.ts';
import { consoleFile } from './console/static-files.ts';
import { metrics, readiness } from './health.ts';
import { authenticateApi } from './keys/authenticate-api.ts';
import { authenticateMetrics } from './keys/authenticate-metrics.ts';
import type { GatewayContext } from './keys/caller.ts';
import type { Passthrough } from './passthrough/passthrough.ts';
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
  /** Files, batches, images, audio, moderations, from `gateway/passthrough/passthrough.ts`. */
  passthrough: Passthrough;
  /** `POST /v1/feedback`, from `gateway/feedback/feedback.ts`. */
  feedback: CallHandler;
  /** What `/metrics` takes; undefined: they are open. */
  metricsKey: string | undefined;
  /** Folder of the built console. */
  consoleFolder: string;
  log: Logger;
}

/** Calls of the data plane by their paths, all of them `POST`. */
export function callHandlers({
  dataPlane,
  feedback,
  passthrough,
}: Pick<AppParts, 'dataPlane' | 'feedback' | 'passthrough'>): Map<string, CallHandler> {
  const waysIn = [completionsWayIn, messagesWayIn, responsesWayIn].map(
    (wayIn) => [`/v1/${wayIn.name}`, translatedCalls(dataPlane, wayIn)] as const,
  );
  return new Map<string, CallHandler>([
    [CHAT, chatCompletions(dataPlane)],
    ...waysIn,
    ['/v1/messages/count_tokens', tokenCounts(dataPlane)],
    ['/v1/embeddings', embeddings(dataPlane)],
    ['/v1/feedback', feedback],
    ...passthrough.posts,
  ]);
}

/** The gateway's routes: data plane `/v1`, control plane `/api`, console files. */
export function createApp(parts: AppParts): Hono<GatewayContext> {
  const { dataPlane } = parts;
  const app = new Hono<GatewayContext>();
  for (const [path, handler] of callHandlers(parts)) app.post(path, async (c) => toResponse(await handler(c)));
  app.get('/v1/models', listModels(dataPlane));
  app.get('/v1/models/*', showModel(dataPlane));
  for (const { method, path, handler } of parts.passthrough.ofObjects)
    app.on(method, path, async (c) => toResponse(await handler(c, c.req.param('id'))));
  app.route('/v1/tuning', parts.tuning);
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', readiness(dataPlane));
  app.get('/metrics', authenticateMetrics(parts.metricsKey, dataPlane.keys), metrics(dataPlane));
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
