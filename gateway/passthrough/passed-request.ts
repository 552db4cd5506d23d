import { METADATA_HEADER } from '../../contracts/chat.ts';
import { PROVIDER_HEADER } from '../../contracts/http.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { type ChatRequest, mergeMetadata } from '../chat/chat-request.ts';
import type { Inbound } from '../chat/inbound.ts';
import type { Provider } from '../providers/provider.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import type { Route } from '../aliases/route.ts';

/** What a trace wants to know of a request that is no chat. What is recorded of it is known once it has gone up. */
export function passedRequest(
  c: Inbound,
  { model, fields, metadata }: { model: string; fields: Readonly<Record<string, unknown>>; metadata?: unknown },
): ChatRequest {
  return {
    text: '',
    members: [],
    body: fields,
    model,
    messages: [],
    stream: false,
    usageAsked: false,
    metadata: mergeMetadata(metadata, c.req.header(METADATA_HEADER)),
    lenient: false,
    translated: false,
    recorded: '',
  };
}

/** Values of the query; only the first of a name counts. */
export function queryOf(c: Inbound): URLSearchParams {
  return new URL(c.env?.incoming?.url ?? c.req.raw.url, 'http://gateway').searchParams;
}

/** The provider that a caller names by header, query or field; null where none. Throws `invalid_request` where they differ. */
export function providerNamed(c: Inbound, field?: unknown): string | null {
  if (field !== undefined && typeof field !== 'string')
    throw new StillhouseError('invalid_request', "Invalid 'provider': the id of a provider is needed", { param: 'provider' });
  const named = new Set([c.req.header(PROVIDER_HEADER), queryOf(c).get('provider') ?? undefined, field].filter((id) => id !== undefined));
  if (named.size > 1)
    throw new StillhouseError('invalid_request', `Several providers are named: ${[...named].join(', ')}`, { param: 'provider' });
  return [...named][0] ?? null;
}

/** The provider of that name, or the only one there is. Throws `invalid_request`, with the names that there are. */
export function chooseProvider(catalogue: Catalogue, named: string | null): Provider {
  const passing = catalogue.passing();
  const ids = passing.map(({ id }) => `"${id}"`).join(', ');
  const found = named === null ? passing : passing.filter(({ id }) => id === named);
  if (found.length === 1) return found[0]!;
  const why =
    passing.length === 0
      ? "No provider that speaks OpenAI's API is configured"
      : named === null
        ? `Several providers can take this: name one by the header ${PROVIDER_HEADER} or by "provider" (${ids})`
        : `There is no provider "${named.slice(0, 64)}" that takes this: there is ${ids}`;
  throw new StillhouseError('invalid_request', why, { param: 'provider' });
}

/** Where a call without a model goes. What a key may call is told by models: it must be allowed all of the provider's. */
export function routeTo(provider: Provider, name: string): Route {
  return { alias: '', aliasVersion: 0, targets: [`${provider.id}/${name}`] };
}

/** What `checkMayCall` is asked for a call without a model. */
export function allOf(provider: Provider): Route {
  return routeTo(provider, '*');
}

/** `Idempotency-Key` tells requests apart by all of their bodies, before a provider is asked: a form goes up while it comes. */
export function refuseIdempotencyKey(c: Inbound): void {
  if (c.req.header('idempotency-key') === undefined) return;
  throw new StillhouseError('invalid_request', 'The header Idempotency-Key is kept for JSON, not for forms: send this one without it', {
    param: 'idempotency-key',
  });
}
