import { createRoute, z } from '@hono/zod-openapi';
import { StillhouseError } from '../../contracts/errors.ts';
import { ProviderKeyInput, ProviderKeyView, type StoredSecret } from '../../contracts/keys.ts';
import { DEFAULT_PROJECT, MESSAGES } from '../../contracts/names.ts';
import type { ProviderView } from '../../contracts/providers.ts';
import { byName } from '../aliases/by-name.ts';
import type { Caller } from '../keys/caller.ts';
import { placeOf } from '../keys/provider-secrets.ts';
import { IdempotencyHeader } from './aliases.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { answers, apiRouter, jsonBody, named } from './openapi.ts';
import { changeRegistry } from './registry-updates.ts';

const tags = ['providers'];
const IdPath = z.object({ id: z.string().min(1).max(100) });
const view = named('ProviderKey', ProviderKeyView);

const put = createRoute({
  method: 'put',
  path: '/providers/{id}/key',
  tags,
  summary: "Set a provider's key",
  description: 'Kept as ciphertext under STILLHOUSE_MASTER_KEY, and never shown. It goes before the environment variable.',
  request: { params: IdPath, headers: IdempotencyHeader, body: jsonBody(named('ProviderKeyInput', ProviderKeyInput)) },
  responses: answers(200, 'That it is set', view),
});
const remove = createRoute({
  method: 'delete',
  path: '/providers/{id}/key',
  tags,
  summary: "Take a provider's key away",
  description: 'The environment variable counts again.',
  request: { params: IdPath, headers: IdempotencyHeader },
  responses: answers(200, 'That it is not set', view),
});

/** Keys of providers. Providers are the configuration's, shared by all projects. */
export function providerKeyRoutes(deps: ApiDeps) {
  return apiRouter()
    .openapi(put, async (c) => {
      const { id } = c.req.valid('param');
      refuseUseless(deps, id);
      const sealed = deps.secretBox.seal(c.req.valid('json').key, placeOf(DEFAULT_PROJECT, id));
      return c.json(await store(deps, c.get('caller'), { provider: id, sealed }, c.req.valid('header')['idempotency-key']), 200);
    })
    .openapi(remove, async (c) => {
      const { id } = c.req.valid('param');
      // A provider that the configuration names no more may have left its key behind.
      if (!byName(deps.snapshots.current(DEFAULT_PROJECT).secrets, id)) refuseUnknown(deps, id);
      return c.json(await store(deps, c.get('caller'), { provider: id, sealed: null }, c.req.valid('header')['idempotency-key']), 200);
    });
}

function refuseUnknown(deps: ApiDeps, id: string): ProviderView['key'] {
  const key = deps.providers.keyOf(id);
  if (!key) throw new StillhouseError('not_found', nameNearest('provider', id, deps.providers.ids), { param: 'id' });
  return key;
}

/** Nothing would ever read such a key. */
function refuseUseless(deps: ApiDeps, id: string): void {
  if (refuseUnknown(deps, id).variable !== null) return;
  throw new StillhouseError(
    'invalid_request',
    `Provider "${id}" is called without a key of ours: it takes one once stillhouse.yaml names its apiKeyEnv`,
    { param: 'id' },
  );
}

async function store(
  deps: ApiDeps,
  caller: Caller,
  change: { provider: string; sealed: string | null },
  key: string | undefined,
): Promise<ProviderKeyView> {
  const owner = { ...caller, project: DEFAULT_PROJECT };
  const { provider, version, sealed, createdAt } = await changeRegistry<StoredSecret>(deps, owner, MESSAGES.putSecret, change, key);
  const from = sealed !== null ? 'api' : (deps.providers.keyOf(provider)?.from ?? null);
  return { provider, version, set: sealed !== null, from, createdAt };
}
