import { CancelledFailure, Context } from '@temporalio/activity';
import { StillhouseError } from '../contracts/errors.ts';

const BEAT_MS = 5_000;

/** How an activity says that it is alive, and hears that it should end. */
export interface Pulse {
  /** Aborted when the run is cancelled, the worker stops, or nothing has moved for too long. */
  signal: AbortSignal;
  /** Tells that something moved; `details` are for people. Never a customer's text. */
  progress(details?: Record<string, number | string>): void;
}

/**
 * Runs `work` with a heartbeat every 5 s, and ends it where nothing has moved for `stallMs`: a heartbeat alone would keep
 * a hung activity alive for ever. Cancellation reaches `work` by its signal and is thrown when `work` has ended.
 */
export async function withHeartbeat<T>(stallMs: number, work: (pulse: Pulse) => Promise<T>): Promise<T> {
  const context = Context.current();
  const stalled = new AbortController();
  let details: Record<string, number | string> = {};
  let movedAt = performance.now();
  const beat = setInterval(() => {
    context.heartbeat(details);
    if (performance.now() - movedAt < stallMs) return;
    const { activityType } = context.info;
    stalled.abort(
      new StillhouseError('unavailable', `${activityType} has not moved for ${Math.round(stallMs / 1000)} s: it begins again.`),
    );
  }, BEAT_MS);
  const signal = AbortSignal.any([context.cancellationSignal, stalled.signal]);
  try {
    context.heartbeat(details);
    return await work({
      signal,
      progress: (moved) => {
        movedAt = performance.now();
        if (moved) details = moved;
      },
    });
  } catch (error) {
    if (context.cancellationSignal.aborted) throw endOf(context.cancellationSignal.reason);
    if (stalled.signal.aborted) throw stalled.signal.reason;
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** A worker that stops hands the work on; only a person's cancellation ends it as cancelled. */
function endOf(reason: unknown): unknown {
  if (!(reason instanceof CancelledFailure) || reason.message !== 'WORKER_SHUTDOWN') return reason;
  return new StillhouseError('unavailable', 'The worker is being stopped: another attempt goes on.', { cause: reason });
}
