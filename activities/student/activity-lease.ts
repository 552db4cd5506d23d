import { Context } from '@temporalio/activity';
import { ActivityCompletionError, ActivityNotFoundError, type Client } from '@temporalio/client';
import { StillhouseError } from '../../contracts/errors.ts';

const BEAT_MS = 5_000;
/**
 * The server gives the work to another 30 s after the last heartbeat that it received. Work must have ended by then: asked
 * at 15 s, killed at 15 s plus the grace of at most 8, which leaves a margin for a slow clock and a busy machine.
 */
const CUT_OFF_MS = 15_000;
/** The most that a child may take to end after a lease is lost. */
export const LEASE_GRACE_MS = 8_000;

/** That this attempt still holds its work, as the server said last. */
export interface ActivityLease {
  /** Aborted, with the reason, when the server gave the work away or has not been reached for too long. */
  signal: AbortSignal;
  close(): void;
}

/**
 * Heartbeats whose receipt the server acknowledges. The SDK's own are sent and forgotten: a worker that is cut off would go
 * on training while the server hands the work to another one.
 */
export function holdLease(client: Client, details: () => unknown, now: () => number = () => performance.now()): ActivityLease {
  const { taskToken } = Context.current().info;
  const lost = new AbortController();
  const lose = (sentence: string, cause?: unknown) => lost.abort(new StillhouseError('unavailable', sentence, { cause }));
  let acknowledgedAt = now();
  let asking = false;
  const ask = async () => {
    const sentAt = now();
    try {
      await client.withDeadline(Date.now() + BEAT_MS, () => client.activity.heartbeat(taskToken, details()));
      acknowledgedAt = sentAt;
    } catch (error) {
      if (error instanceof ActivityNotFoundError)
        lose('Temporal has given this work to another attempt, or the run has ended: this one stops.', error);
      // Cancelled, paused or reset: the server was reached, and the activity hears the rest by its own signal.
      else if (!(error instanceof ActivityCompletionError)) acknowledgedAt = sentAt;
    }
  };
  const beat = setInterval(() => {
    if (now() - acknowledgedAt > CUT_OFF_MS)
      lose('Temporal has not been reached for 15 s: training stops before the work can be given to another worker.');
    if (asking || lost.signal.aborted) return;
    asking = true;
    void ask().finally(() => (asking = false));
  }, BEAT_MS / 5);
  return { signal: lost.signal, close: () => clearInterval(beat) };
}
