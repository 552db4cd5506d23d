import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import { answerChat } from './answer-chat.ts';
import { errorResponse } from './error-response.ts';
import { guard } from './guard.ts';
import { PutStudentBody } from './served-students.ts';
import type { StudentServerContext, StudentServerParts } from './server-parts.ts';

/** The student server's routes: OpenAI's chat completions, and which students it serves. */
export function createStudentApp(parts: StudentServerParts): Hono<StudentServerContext> {
  const { students, engine } = parts;
  const app = new Hono<StudentServerContext>();
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  app.get('/readyz', (c) => (parts.draining() ? c.json({ status: 'stopping' }, 503) : c.json({ status: 'ready' })));
  app.get('/metrics', (c) =>
    c.text(parts.metrics.text(engine.stats()), 200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  );
  app.use(guard(parts.guard));
  app.use(bodyLimit({ maxSize: parts.maxBodyBytes, onError: () => Promise.reject(tooLarge(parts.maxBodyBytes)) }));
  app.use(async (_, next) => {
    if (parts.draining()) throw new StillhouseError('unavailable', 'The student server is stopping');
    await next();
  });
  app.post('/v1/chat/completions', answerChat(parts));
  app.get('/v1/models', (c) => {
    const data = students.list().map((one) => ({ id: one.id, object: 'model', created: 0, owned_by: 'stillhouse', root: one.base }));
    return c.json({ object: 'list', data });
  });
  app.get('/students', (c) => {
    const loaded = new Set(engine.stats().students.map((one) => one.manifestSha256));
    return c.json({ items: students.list().map((one) => ({ ...one, loaded: loaded.has(one.manifest.sha256) })) });
  });
  app.put('/students/:id', async (c) => {
    const body = PutStudentBody.safeParse(await c.req.json().catch(() => null));
    if (!body.success) {
      const issue = body.error.issues[0]!;
      throw new StillhouseError('invalid_request', `Invalid '${issue.path.join('.')}': ${issue.message}`, { param: issue.path.join('.') });
    }
    return c.json(await students.put(c.req.param('id'), body.data));
  });
  app.delete('/students/:id', async (c) => {
    await students.remove(c.req.param('id'));
    return c.body(null, 204);
  });
  app.notFound((c) => errorResponse(new StillhouseError('not_found', `Unknown request URL: ${c.req.method} ${c.req.path}`)));
  app.onError((error, c) => {
    if (!isStillhouseError(error)) parts.log.error({ err: error, path: c.req.path }, 'a request failed inside the student server');
    return errorResponse(error);
  });
  return app;
}

function tooLarge(maxBytes: number): StillhouseError {
  return new StillhouseError('body_too_large', `The request's body is larger than ${maxBytes} bytes`);
}
