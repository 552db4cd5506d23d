import { isIP } from 'node:net';
import { Pool } from 'undici';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { isPrivateAddress, publicLookup } from './private-address.ts';

const CONNECTIONS = 256;

/** The way to a configured provider; nothing is connected before the first request. */
export interface ProviderConnection {
  pool: Pool;
  /** Path of its base URL, without a slash at the end. */
  path: string;
  /** Its key as it is now: one that is stored through the API counts with the next call. */
  readonly key: string | undefined;
  /** The key as a bearer's; the same object while the key is the same. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why it can't be called as things stand; null where it can. */
  readonly refusal: StillhouseError | null;
}

/** Where it is, by what key, and whether it may be called at all. */
export function providerConnection(config: ProviderConfig, secret: (name: string) => string | undefined): ProviderConnection {
  const base = new URL(config.baseUrl);
  const { apiKeyEnv } = config;
  const addressed = addressRefusal(config);
  let bearer: { key: string | undefined; headers: Record<string, string> } = { key: undefined, headers: {} };
  return {
    pool: new Pool(base.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      headersTimeout: config.timeouts.firstByteMs,
      bodyTimeout: config.timeouts.idleMs,
      connect: { timeout: config.timeouts.connectMs, ...(config.allowPrivateAddress ? {} : { lookup: publicLookup }) },
    }),
    path: base.pathname.replace(/\/$/, ''),
    get key() {
      return apiKeyEnv === undefined ? undefined : secret(apiKeyEnv);
    },
    get headers() {
      const { key } = this;
      if (key !== bearer.key) bearer = { key, headers: key ? { authorization: `Bearer ${key}` } : {} };
      return bearer.headers;
    },
    get refusal() {
      return apiKeyEnv !== undefined && !this.key ? keyMissing(config.id, apiKeyEnv) : addressed;
    },
  };
}

function keyMissing(id: string, apiKeyEnv: string): StillhouseError {
  const message = `Provider "${id}" needs its key: in the environment variable ${apiKeyEnv}, which is not set where the gateway runs, or through PUT /api/providers/${id}/key`;
  return new StillhouseError('provider_key_missing', message);
}

/** Why a provider's address may not be called; null where it may, as far as can be told before a name is looked up. */
export function addressRefusal(config: ProviderConfig): StillhouseError | null {
  const host = new URL(config.baseUrl).hostname.replace(/^\[|\]$/g, '');
  if (!config.allowPrivateAddress && isIP(host) > 0 && isPrivateAddress(host)) {
    const message = `Provider "${config.id}" is at the private address ${host}; set allowPrivateAddress: true in stillhouse.yaml to allow it`;
    return new StillhouseError('upstream_unreachable', message, { retryable: false });
  }
  return null;
}
