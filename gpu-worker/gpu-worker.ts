import { Worker } from '@temporalio/worker';
import { createDeviceProbeActivity } from '../activities/device-probe.ts';
import type { Environment } from '../contracts/environment.ts';
import { QUEUES } from '../contracts/names.ts';
import type { Logger } from '../platform/logger.ts';
import { mapActivityErrors } from '../worker/error-interceptor.ts';
import { connectTemporal, installRuntime } from '../worker/temporal.ts';

/** What the worker of queue `cuda` is made of. */
export interface GpuWorkerOptions {
  env: Environment;
  log: Logger;
  /** Aborted: the activity in hand is asked to end, then the worker stops. */
  signal: AbortSignal;
  /** Called once the worker polls. */
  onReady: () => void;
}

/** Runs the worker of queue `cuda`, activities only and one at a time, until `signal` is aborted. */
export async function runGpuWorker({ env, log, signal, onReady }: GpuWorkerOptions): Promise<void> {
  installRuntime(log);
  const connection = await connectTemporal(env.TEMPORAL_ADDRESS, log, signal);
  if (!connection) return;
  try {
    const worker = await Worker.create({
      connection,
      namespace: env.TEMPORAL_NAMESPACE,
      taskQueue: QUEUES.cuda,
      activities: createDeviceProbeActivity({ device: env.STILLHOUSE_DEVICE }),
      interceptors: { activity: [mapActivityErrors(log)] },
      // One device, one job.
      maxConcurrentActivityTaskExecutions: 1,
      maxHeartbeatThrottleInterval: '5 seconds',
      defaultHeartbeatThrottleInterval: '5 seconds',
      shutdownGraceTime: '1 second',
      shutdownForceTime: '8 seconds',
    });
    signal.addEventListener('abort', () => worker.shutdown(), { once: true });
    const done = worker.run();
    if (signal.aborted) worker.shutdown();
    else onReady();
    await done;
  } finally {
    await connection.close();
  }
}
