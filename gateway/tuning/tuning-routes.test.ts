import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProviderConfig } from '../../contracts/configuration.ts';
import { errorResponse, asStillhouseError } from '../chat/openai-error.ts';
import { createKeyRing } from '../keys/key-ring.ts';
import { providerConnection } from '../providers/provider-connection.ts';
import { tuningRoutes } from './tuning-routes.ts';

interface Seen {
  asked: string;
  authorization: string | undefined;
  contentType: string | undefined;
  cookie: string | undefined;
  body: string;
}

const seen: Seen[] = [];
let server: Server;
let app: Hono;

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { authorization, 'content-type': contentType, cookie } = request.headers;
      seen.push({ asked: `${request.method} ${request.url}`, authorization, contentType, cookie, body: Buffer.concat(chunks).toString() });
      if (request.url!.includes('moved')) return void response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
      const status = request.url!.includes('missing') ? 404 : 200;
      response.writeHead(status, { 'content-type': 'application/json', 'set-cookie': 'a=b', 'x-request-id': 'r-1' }).end('{"ok":true}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1/`;
  const config = (id: string, more: object) => ProviderConfig.parse({ id, kind: 'openai-compatible', baseUrl, ...more });
  const secret = (name: string) => (name === 'KEY' ? 'sk-provider' : undefined);
  const configs = [
    config('tuner', { apiKeyEnv: 'KEY', allowPrivateAddress: true }),
    config('keyless', { apiKeyEnv: 'NONE', allowPrivateAddress: true }),
    config('private', {}),
  ];
  const routes = tuningRoutes({
    keys: createKeyRing({ adminKey: 'sk-admin', serviceKey: 'sk-service' }),
    providers: new Map(configs.map((one) => [one.id, providerConnection(one, secret)])),
  });
  app = new Hono().route('/v1/tuning', routes);
  app.onError((error) => errorResponse(asStillhouseError(error)));
});
afterAll(() => void server.close());

interface Asked {
  method?: string;
  body?: string;
  headers?: Record<string, string>;
  key?: string;
}

const ask = (path: string, { key = 'sk-service', headers = {}, ...init }: Asked = {}) =>
  app.request(`/v1/tuning/${path}`, { ...init, headers: { authorization: `Bearer ${key}`, cookie: 'c=d', ...headers } });
const errorOf = async (response: Response) => ((await response.json()) as { error: { code: string; message: string } }).error;

test("a file is passed on whole, with the provider's key and nothing else of the caller's", async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=x' };
  const response = await ask('tuner/files', { method: 'POST', body: '--x\r\nbytes', headers });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ ok: true });
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(response.headers.get('x-request-id')).toBe('r-1');
  expect(seen.at(-1)).toEqual({
    asked: 'POST /api/v1/files',
    authorization: 'Bearer sk-provider',
    contentType: headers['content-type'],
    cookie: undefined,
    body: '--x\r\nbytes',
  });
});

test.each([
  ['GET', 'files?purpose=fine-tune&after=file-1&other=1', 'GET /api/v1/files?purpose=fine-tune&after=file-1'],
  ['GET', 'files/file-1', 'GET /api/v1/files/file-1'],
  ['POST', 'fine_tuning/jobs', 'POST /api/v1/fine_tuning/jobs'],
  ['GET', 'fine_tuning/jobs?limit=100', 'GET /api/v1/fine_tuning/jobs?limit=100'],
  ['GET', 'fine_tuning/jobs/ftjob-1/events', 'GET /api/v1/fine_tuning/jobs/ftjob-1/events'],
  ['POST', 'fine_tuning/jobs/ftjob-1/cancel', 'POST /api/v1/fine_tuning/jobs/ftjob-1/cancel'],
  ['GET', 'models/ft%3Asmall-1%3Aacme%3A%3Aid', 'GET /api/v1/models/ft:small-1:acme::id'],
])('%s %s is passed on', async (method, path, asked) => {
  expect((await ask(`tuner/${path}`, { method })).status).toBe(200);
  expect(seen.at(-1)!.asked).toBe(asked);
});

test.each([
  ['DELETE', 'files/file-1'],
  ['GET', 'files/file-1/content'],
  ['GET', 'organization/admin_api_keys'],
  ['POST', 'chat/completions'],
  ['GET', 'files/..%2Forganization'],
  ['GET', 'files/%2e%2e'],
  ['GET', 'models/..'],
  ['GET', 'fine_tuning/jobs/a%3Fb/events'],
])('%s %s is not', async (method, path) => {
  const before = seen.length;
  const response = await ask(`tuner/${path}`, { method });
  expect(response.status).toBe(404);
  expect(seen).toHaveLength(before);
});

test('for the service key alone', async () => {
  const before = seen.length;
  expect((await ask('tuner/files', { key: 'sk-admin' })).status).toBe(403);
  expect((await ask('tuner/files', { key: 'sk-other' })).status).toBe(401);
  expect(seen).toHaveLength(before);
});

test('a provider that is unknown, has no key, or lies where it may not', async () => {
  expect(await errorOf(await ask('nobody/files'))).toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('"nobody"') as string,
  });
  expect(await errorOf(await ask('keyless/files'))).toMatchObject({
    code: 'provider_key_missing',
    message: expect.stringContaining('NONE') as string,
  });
  expect(await errorOf(await ask('private/files'))).toMatchObject({
    code: 'upstream_unreachable',
    message: expect.stringContaining('allowPrivateAddress') as string,
  });
});

test("a provider's refusal passes; a redirect is not followed", async () => {
  expect((await ask('tuner/files/missing')).status).toBe(404);
  const response = await ask('tuner/files/moved');
  expect(response.status).toBe(502);
  expect(await errorOf(response)).toMatchObject({ code: 'upstream_invalid', message: expect.stringContaining('redirect (302)') as string });
});
