import type { Worker, WorkerOptions } from '@temporalio/worker';

/** How every worker of the product reports that it lives, and how it stops. */
export const POLLING = {
  // Default throttling (0.8 of the timeout) would hide a stall for most of it.
  maxHeartbeatThrottleInterval: '5 seconds',
  defaultHeartbeatThrottleInterval: '5 seconds',
  shutdownGraceTime: '1 second',
  shutdownForceTime: '8 seconds',
} satisfies Partial<WorkerOptions>;

/** Polls until `signal` is aborted and what is in hand has ended; calls `onReady` once it polls. */
export async function pollUntilAborted(worker: Worker, signal: AbortSignal, onReady: () => void): Promise<void> {
  signal.addEventListener('abort', () => worker.shutdown(), { once: true });
  const done = worker.run();
  if (signal.aborted) worker.shutdown();
  else onReady();
  await done;
}
