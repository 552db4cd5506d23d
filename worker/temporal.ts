import { setTimeout as wait } from 'node:timers/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import type { Logger } from '../platform/logger.ts';

const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;

/**
 * Connects to Temporal, for ever: a worker that starts before its server, or outlives it, waits. Ends with null where
 * `signal` is aborted first.
 */
export async function connectTemporal(address: string | undefined, log: Logger, signal: AbortSignal): Promise<NativeConnection | null> {
  const { connectionOptions } = loadClientConnectConfig();
  for (let delayMs = FIRST_RETRY_MS; !signal.aborted; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
    try {
      return await NativeConnection.connect({ ...connectionOptions, ...(address ? { address } : {}) });
    } catch (error) {
      log.warn({ address, retryInMs: delayMs, reason: (error as Error).message }, 'Temporal cannot be reached yet');
      await wait(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return null;
}

/** Temporal's own log lines go into the process's log. Called once, before a worker or a connection is made. */
export function installRuntime(log: Logger): void {
  const write = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => log[write[level]]({ temporal: true, error: meta?.['error'] }, message)),
    // `onShutdown` of platform/lifecycle.ts ends the process.
    shutdownSignals: [],
  });
}
