import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { StillhouseError } from '../../contracts/errors.ts';

export type { ClickHouseClient } from '@clickhouse/client';

/** Where ClickHouse is: the part of the environment that the store needs. */
export interface ClickHouseEnvironment {
  readonly CLICKHOUSE_URL?: string | undefined;
  readonly CLICKHOUSE_USER: string;
  readonly CLICKHOUSE_PASSWORD: string;
  readonly CLICKHOUSE_DATABASE: string;
  /** Of servers that replicate each other; empty or absent: one server. */
  readonly CLICKHOUSE_CLUSTER?: string | undefined;
}

export interface ConnectionOptions {
  /** Shown in the server's query log. */
  application?: string;
  /** An unanswered request is an error after this time; longer than `QUERY_LIMITS` lets a query run. */
  requestTimeoutMs?: number;
  maxOpenConnections?: number;
}

/** A client over HTTP: the same for the embedded ClickHouse and a server. It connects at its first query. */
export function connectClickHouse(env: ClickHouseEnvironment, options: ConnectionOptions = {}): ClickHouseClient {
  if (!env.CLICKHOUSE_URL) {
    throw new StillhouseError(
      'invalid_request',
      'CLICKHOUSE_URL is not set. Start the stack with "npm start", or set it to a ClickHouse server.',
    );
  }
  return createClient({
    url: env.CLICKHOUSE_URL,
    username: env.CLICKHOUSE_USER,
    password: env.CLICKHOUSE_PASSWORD,
    database: env.CLICKHOUSE_DATABASE,
    application: options.application ?? 'stillhouse',
    request_timeout: options.requestTimeoutMs ?? 40_000,
    max_open_connections: options.maxOpenConnections ?? 10,
    // Trace lines are shipped over loopback or a data-centre network: the CPU of compressing them costs more than the bytes.
    compression: { request: false, response: false },
    // Failures are thrown with their sentence; a second copy on the console would only carry customers' text into logs.
    log: { level: ClickHouseLogLevel.OFF },
    // Below the idle time after which servers (3 s by default in 24.x and later, 10 s in the embedded one) close the socket.
    keep_alive: { enabled: true, idle_socket_ttl: 2_500 },
  });
}
