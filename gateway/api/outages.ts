import { ServiceError, WorkflowUpdateRPCTimeoutOrCancelledError, isGrpcServiceError } from '@temporalio/client';
import { StillhouseError, isStillhouseError } from '../../contracts/errors.ts';

/** gRPC codes that say "not now": CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE. */
const TRANSIENT_GRPC = new Set([1, 4, 8, 14]);

/** `unavailable` where the error is Temporal or ClickHouse being out of reach or too slow; null where it is something else. */
export function asUnavailable(error: unknown): StillhouseError | null {
  if (isStillhouseError(error, 'unavailable')) return error;
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new StillhouseError('unavailable', 'No worker took the change in time; is the worker running? Try again.', { cause: error });
  const grpc = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(grpc) && TRANSIENT_GRPC.has(grpc.code))
    return new StillhouseError('unavailable', 'Temporal does not answer right now; try again in a moment.', { cause: error });
  return null;
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
