import { type ClickHouseEnvironment, connectClickHouse } from '../../store/clickhouse/connection.ts';
import { currentState, newestSequences, stateSince } from '../../store/clickhouse/state-versions.ts';
import type { StateSource } from './snapshot-poller.ts';

/** These queries take milliseconds: what takes longer than this is a connection that nobody is at the other end of. */
const TIMEOUT_MS = 5_000;

/**
 * The registry in ClickHouse, over connections of its own: a revoked key must not be good for as long as other queries take, nor until
 * a connection that goes nowhere is given up by their patience.
 */
export function registrySource(env: ClickHouseEnvironment): StateSource & { close(): Promise<void> } {
  const client = connectClickHouse(env, { application: 'stillhouse-registry', requestTimeoutMs: TIMEOUT_MS, maxOpenConnections: 4 });
  return {
    currentState: (project) => currentState(client, project),
    stateSince: (project, sequence) => stateSince(client, project, sequence),
    newestSequences: () => newestSequences(client),
    close: () => client.close(),
  };
}
