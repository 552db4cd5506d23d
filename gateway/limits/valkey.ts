import type { Redis } from 'iovalkey';
import type { Logger } from '../../platform/logger.ts';

/** A connection to the server that gateways share; it may be down at any time. */
export interface ValkeyConnection {
  readonly client: Redis;
  ready(): boolean;
  close(): void;
}

/** A call waits this long for the server: then what is in this process's memory must do. */
const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 2_000;
const RECONNECT_MAX_MS = 2_000;

/** Connects to `VALKEY_URL` (Valkey, or Redis from 6.2 on), and goes on trying. Commands fail at once while it is down. */
export async function connectValkey(url: string, log: Logger): Promise<ValkeyConnection> {
  const { Redis: Client } = await import('iovalkey');
  const client = new Client(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(100 * attempt, RECONNECT_MAX_MS),
  });
  let up: boolean | null = null;
  client.on('ready', () => {
    if (up === false) log.info('Valkey answers again: limits and budgets are shared');
    up = true;
  });
  const down = (reason: string) => {
    if (up !== false)
      log.warn({ reason }, 'Valkey cannot be reached: each gateway process holds limits and budgets by itself until it can');
    up = false;
  };
  client.on('error', (error: Error) => down(error.message));
  client.on('close', () => down('the connection was closed'));
  return {
    client,
    ready: () => client.status === 'ready',
    close() {
      up = false;
      client.disconnect();
    },
  };
}
