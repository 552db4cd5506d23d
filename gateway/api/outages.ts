import { ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcServiceError } from '@temporalio/client';
import { StillhouseError, isStillhouseError } from '../../contracts/errors.ts';

/** gRPC codes that say "not now": CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const TRANSIENT_GRPC = new Set([1, 4, 8, 14]);
const TRANSIENT_NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** `unavailable` where the error is Temporal or ClickHouse being out of reach or too slow; null where it is something else. */
export function asUnavailable(error: unknown): StillhouseError | null {
  if (isStillhouseError(error, 'unavailable')) return error;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new StillhouseError('unavailable', 'No worker took the change in time; is the worker running? Try again.', { cause: error });
  if (isTemporalOutage(error))
    return new StillhouseError('unavailable', 'Temporal is not reachable right now; try again in a moment.', { cause: error });
  if (isNetworkOutage(error))
    return new StillhouseError('unavailable', 'ClickHouse is not reachable right now; try again in a moment.', { cause: error });
  return null;
}

function isTemporalOutage(error: unknown): boolean {
  const grpc = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(grpc) && TRANSIENT_GRPC.has(grpc.code);
}

/** @clickhouse/client passes Node's socket errors on as they are, and its own timeout as an error without a code. */
function isNetworkOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = (error as NodeJS.ErrnoException).code;
  if (code !== undefined && TRANSIENT_NETWORK.has(code)) return true;
  if (error instanceof AggregateError) return error.errors.some(isNetworkOutage);
  return error.message === 'Timeout error.' || error.message === 'socket hang up';
}

/** The value, or `fallback` where what it needs is down; every other error goes on. */
export async function unlessDown<T, F>(ask: () => Promise<T>, fallback: F): Promise<T | F> {
  try {
    return await ask();
  } catch (error) {
    if (asUnavailable(error)) return fallback;
    throw error;
  }
}
