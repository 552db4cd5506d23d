import type { Client } from '@temporalio/client';
import { StillhouseError } from '../contracts/errors.ts';

export interface TemporalOptions {
  address: string;
  namespace: string;
  connectTimeoutMs?: number;
}

/** A server that was down for minutes is found again within this: gRPC itself would wait up to two minutes longer. */
const CHANNEL = { 'grpc.initial_reconnect_backoff_ms': 250, 'grpc.min_reconnect_backoff_ms': 250, 'grpc.max_reconnect_backoff_ms': 1_000 };

/** A client that connects at its first use and again after a failure; throws `unavailable` where Temporal is down. */
export interface TemporalConnection {
  client(): Promise<Client>;
  close(): Promise<void>;
}

/** The library is loaded at the first use as well: the data plane starts without it. */
export function temporalConnection(options: TemporalOptions): TemporalConnection {
  let connecting: Promise<{ client: Client; close: () => Promise<void> }> | null = null;
  const connect = async () => {
    const [{ Client: TemporalClient, Connection }, { loadClientConnectConfig }] = await Promise.all([
      import('@temporalio/client'),
      import('@temporalio/envconfig'),
    ]);
    const { connectionOptions } = loadClientConnectConfig();
    const connection = await Connection.connect({
      ...connectionOptions,
      address: options.address,
      channelArgs: CHANNEL,
      connectTimeout: options.connectTimeoutMs ?? 2_000,
    });
    return { client: new TemporalClient({ connection, namespace: options.namespace }), close: () => connection.close() };
  };
  return {
    async client() {
      connecting ??= connect();
      const attempt = connecting;
      try {
        return (await attempt).client;
      } catch (error) {
        if (connecting === attempt) connecting = null;
        throw new StillhouseError('unavailable', `Temporal at ${options.address} cannot be reached`, { cause: error });
      }
    },
    close: async () => {
      await connecting?.then((open) => open.close()).catch(() => undefined);
    },
  };
}
