import type { Client } from '@temporalio/client';
import type { ApiDeps } from './dependencies.ts';

/** A read asks Temporal this long before the recorded state must do. */
export const READ_TIMEOUT_MS = 3_500;
/** A change waits this long for the server and, where it is an update, for a worker. */
export const CHANGE_TIMEOUT_MS = 15_000;

/**
 * Runs calls of Temporal's client within a deadline. Without one, the client goes on trying a server that is gone for
 * longer than any caller waits.
 */
export async function withTemporal<T>(deps: ApiDeps, timeoutMs: number, call: (client: Client) => Promise<T>): Promise<T> {
  const client = await deps.temporal();
  return client.withDeadline(Date.now() + timeoutMs, () => call(client));
}
