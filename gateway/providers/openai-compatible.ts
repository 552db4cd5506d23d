import { isIP } from 'node:net';
import { Pool } from 'undici';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { upstreamBody } from '../chat/chat-request.ts';
import { Exchange } from './exchange.ts';
import { isPrivateAddress, publicLookup } from './private-address.ts';
import { tokenCost } from './price.ts';
import type { Provider, ProviderAnswer, ProviderCall } from './provider.ts';
import { upstreamError } from './upstream-error.ts';

const CONNECTIONS = 256;

/** Any server that speaks OpenAI's dialect, at any base URL. */
export function openAICompatible(config: ProviderConfig, secret: (name: string) => string | undefined): Provider {
  const base = new URL(config.baseUrl);
  const path = `${base.pathname.replace(/\/$/, '')}/chat/completions`;
  const models = new Map(config.models.map((model) => [model.id, model]));
  const key = config.apiKeyEnv === undefined ? undefined : secret(config.apiKeyEnv);
  const refusal = refusalOf(config, base, key);
  const headers: Record<string, string> = { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) };
  const pool = new Pool(base.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    headersTimeout: config.timeouts.firstByteMs,
    bodyTimeout: config.timeouts.idleMs,
    connect: { timeout: config.timeouts.connectMs, ...(config.allowPrivateAddress ? {} : { lookup: publicLookup }) },
  });
  return Object.freeze({
    id: config.id,
    async call(call: ProviderCall): Promise<ProviderAnswer> {
      if (refusal) throw refusal;
      const exchange = new Exchange(config.id, call.request.stream, call.signal);
      try {
        pool.dispatch({ method: 'POST', path, headers, body: upstreamBody(call.request, call.model) }, exchange);
        return await exchange.answer;
      } catch (error) {
        throw upstreamError(error, config.id);
      }
    },
    cost: (model: string, usage) => tokenCost(models.get(model), usage),
    targets: () =>
      config.models.map((model) => ({
        target: `${config.id}/${model.id}`,
        kind: 'provider' as const,
        inputUsdPerMTok: model.inputUsdPerMTok ?? null,
        outputUsdPerMTok: model.outputUsdPerMTok ?? null,
        ready: refusal === null,
        reason: refusal?.message ?? '',
      })),
    close: () => pool.destroy(),
  } satisfies Provider);
}

/** Why the provider can't be called as it is configured; null where it can. */
function refusalOf(config: ProviderConfig, base: URL, key: string | undefined): StillhouseError | null {
  if (config.apiKeyEnv !== undefined && !key) {
    return new StillhouseError(
      'provider_key_missing',
      `Provider "${config.id}" needs its key in the environment variable ${config.apiKeyEnv}, which is not set where the gateway runs`,
    );
  }
  const host = base.hostname.replace(/^\[|\]$/g, '');
  if (!config.allowPrivateAddress && isIP(host) > 0 && isPrivateAddress(host)) {
    const message = `Provider "${config.id}" is at the private address ${host}; set allowPrivateAddress: true in stillhouse.yaml to allow it`;
    return new StillhouseError('upstream_unreachable', message, { retryable: false });
  }
  return null;
}
