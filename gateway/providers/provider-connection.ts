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
  /** Its key, where it has one. */
  headers: Record<string, string>;
  /** Why it can't be called as it is configured; null where it can. */
  refusal: StillhouseError | null;
}

/** Where it is, by what key, and whether it may be called at all. */
export function providerConnection(config: ProviderConfig, secret: (name: string) => string | undefined): ProviderConnection {
  const base = new URL(config.baseUrl);
  const key = config.apiKeyEnv === undefined ? undefined : secret(config.apiKeyEnv);
  return {
    pool: new Pool(base.origin, {
      connections: CONNECTIONS,
      pipelining: 1,
      headersTimeout: config.timeouts.firstByteMs,
      bodyTimeout: config.timeouts.idleMs,
      connect: { timeout: config.timeouts.connectMs, ...(config.allowPrivateAddress ? {} : { lookup: publicLookup }) },
    }),
    path: base.pathname.replace(/\/$/, ''),
    headers: key ? { authorization: `Bearer ${key}` } : {},
    refusal: refusalOf(config, key),
  };
}

function refusalOf(config: ProviderConfig, key: string | undefined): StillhouseError | null {
  if (config.apiKeyEnv !== undefined && !key) {
    return new StillhouseError(
      'provider_key_missing',
      `Provider "${config.id}" needs its key in the environment variable ${config.apiKeyEnv}, which is not set where the gateway runs`,
    );
  }
  return addressRefusal(config);
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
