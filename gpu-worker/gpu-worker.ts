import { Worker } from '@temporalio/worker';
import { createDeviceProbeActivity } from '../activities/device-probe.ts';
import type { Environment } from '../contracts/environment.ts';
import { QUEUES } from '../contracts/names.ts';
import type { Logger } from '../platform/logger.ts';
import { mapActivityErrors } from '../worker/error-interceptor.ts';
import { pollUntilAborted, POLLING } from '../worker/polling.ts';
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
      ...POLLING,
    });
    await pollUntilAborted(worker, signal, onReady);
  } finally {
    await connection.close();
  }
}
