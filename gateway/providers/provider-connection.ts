import { Pool } from 'undici';
import type { ProviderConfig } from '../../contracts/configuration.ts';
import type { StillhouseError } from '../../contracts/errors.ts';
import { HttpClient } from './http/http-client.ts';
import { publicLookup } from '../../platform/private-address.ts';
import { providerKey } from './provider-key.ts';

/** Calls at once to one provider: more wait for their turn. Streams of minutes add up. */
const CONNECTIONS = 4096;

/** The way to a configured provider; nothing is connected before the first request. */
export interface ProviderConnection {
  /** Of the provider. */
  id: string;
  timeouts: ProviderConfig['timeouts'];
  /** For calls, whose bodies are in memory. */
  client: HttpClient;
  /** For what streams up and down; made with its first request, for most providers carry calls alone. */
  readonly pool: Pool;
  /** Path of its base URL, without a slash at the end. */
  path: string;
  /** Its key as it is now: one that is stored through the API counts with the next call. */
  readonly key: string | undefined;
  /** The key as a bearer's; the same object while the key is the same. */
  readonly headers: Readonly<Record<string, string>>;
  /** Why it can't be called as things stand; null where it can. */
  readonly refusal: StillhouseError | null;
  /** Ends all calls under way. */
  close(): Promise<void>;
}

/** Where it is, by what key, and whether it may be called at all. */
export function providerConnection(config: ProviderConfig, secret: (name: string) => string | undefined): ProviderConnection {
  const base = new URL(config.baseUrl);
  const own = providerKey(config, secret);
  let bearer: { key: string | undefined; headers: Record<string, string> } = { key: undefined, headers: {} };
  const lookup = config.allowPrivateAddress ? undefined : publicLookup;
  const client = new HttpClient(base.origin, { connections: CONNECTIONS, timeouts: config.timeouts, lookup });
  let pool: Pool | null = null;
  return {
    id: config.id,
    timeouts: config.timeouts,
    client,
    get pool() {
      return (pool ??= new Pool(base.origin, {
        connections: CONNECTIONS,
        pipelining: 1,
        headersTimeout: config.timeouts.firstByteMs,
        bodyTimeout: config.timeouts.idleMs,
        connect: { timeout: config.timeouts.connectMs, ...(lookup ? { lookup } : {}) },
      }));
    },
    path: base.pathname.replace(/\/$/, ''),
    get key() {
      return own.key;
    },
    get headers() {
      const { key } = own;
      if (key !== bearer.key) bearer = { key, headers: key ? { authorization: `Bearer ${key}` } : {} };
      return bearer.headers;
    },
    get refusal() {
      return own.refusal;
    },
    close: async () => void (await Promise.all([client.destroy(), pool?.destroy()])),
  };
}
