import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { type Context, Hono } from 'hono';
import { StillhouseError } from '../../contracts/errors.ts';
import type { GatewayContext } from '../keys/caller.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { CancelSignal } from '../providers/cancel-signal.ts';
import { passOn } from '../providers/pass-on.ts';
import type { ProviderConnection } from '../providers/provider-connection.ts';

const ID = '[A-Za-z0-9][A-Za-z0-9:._-]*';
/** What the pipeline needs to have a provider tune a model, and nothing else of the provider's. */
const PASSED_ON = [
  ['POST', '/files'],
  ['GET', '/files'],
  ['GET', `/files/${ID}`],
  ['POST', '/fine_tuning/jobs'],
  ['GET', '/fine_tuning/jobs'],
  ['GET', `/fine_tuning/jobs/${ID}`],
  ['GET', `/fine_tuning/jobs/${ID}/events`],
  ['POST', `/fine_tuning/jobs/${ID}/cancel`],
  ['GET', `/models/${ID}`],
].map(([method, path]) => ({ method, path: new RegExp(`^${path}$`) }));
const PARAMETERS = new Set(['after', 'limit', 'order', 'purpose']);
const ANSWERED_HEADERS = ['content-type', 'retry-after', 'x-request-id'];

/** What the routes work with. */
export interface TuningParts {
  keys: KeyRing;
  /** By the provider's id. */
  providers: ReadonlyMap<string, ProviderConnection>;
}

/**
 * `/v1/tuning/<provider>/…`: a provider's files and fine-tuning jobs, for the pipeline's service key alone. Bodies are streamed,
 * the key and the address are the configuration's, redirects are not followed.
 */
export function tuningRoutes(parts: TuningParts): Hono<GatewayContext> {
  const routes = new Hono<GatewayContext>();
  routes.all('/:provider/*', (c) => answer(c, parts));
  return routes;
}

async function answer(c: Context<GatewayContext>, { keys, providers }: TuningParts): Promise<Response> {
  const { role, keyId } = keys.callerOf(c.req.header('authorization'));
  if (role !== 'service')
    throw new StillhouseError('forbidden', `The key "${keyId}" may not tune models: only the pipeline's service key may`);
  const id = c.req.param('provider') ?? '';
  const connection = providers.get(id);
  if (!connection) throw new StillhouseError('not_found', `There is no provider "${id}" in the gateway's configuration`);
  if (connection.refusal) throw connection.refusal;
  const url = new URL(c.req.url);
  const { method } = c.req;
  const path = decoded(url.pathname).split(`/tuning/${id}`, 2)[1] ?? '';
  if (!PASSED_ON.some((known) => known.method === method && known.path.test(path)))
    throw new StillhouseError('not_found', `Unknown request URL: ${method} ${url.pathname}`);
  const query = new URLSearchParams([...url.searchParams].filter(([name]) => PARAMETERS.has(name))).toString();
  const contentType = c.req.header('content-type');
  const signal = new CancelSignal();
  c.req.raw.signal.addEventListener('abort', () => signal.abort(), { once: true });
  const { status, headers, body } = await passOn(connection, {
    method: method as 'GET' | 'POST',
    path: `${connection.path}${path}${query === '' ? '' : `?${query}`}`,
    headers: { ...connection.headers, ...(contentType === undefined ? {} : { 'content-type': contentType }) },
    body: method === 'GET' ? null : bodyOf(c.req.raw),
    signal,
  });
  const answered = ANSWERED_HEADERS.flatMap((name): [string, string][] => (headers[name] === undefined ? [] : [[name, headers[name]]]));
  return new Response(Readable.toWeb(body) as unknown as ConstructorParameters<typeof Response>[0], { status, headers: answered });
}

function bodyOf({ body }: Request): Readable | null {
  return body === null ? null : Readable.fromWeb(body as ReadableStream<Uint8Array>);
}

/** As it is where it can't be decoded: nothing that is passed on is called so. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
