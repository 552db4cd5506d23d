import { type ActivityInterceptorsFactory, Worker } from '@temporalio/worker';
import type { Configuration } from '../contracts/configuration.ts';
import type { Environment } from '../contracts/environment.ts';
import { QUEUES } from '../contracts/names.ts';
import type { Logger } from '../platform/logger.ts';
import { mapActivityErrors } from '../worker/error-interceptor.ts';
import { pollUntilAborted, POLLING } from '../worker/polling.ts';
import { connectTemporal, installRuntime } from '../worker/temporal.ts';
import { createStudentActivities } from './student-activities.ts';

/** What the worker of queue `cuda` is made of. */
export interface GpuWorkerOptions {
  env: Environment;
  configuration: Configuration;
  /** The process's own environment: what the trainer inherits. */
  inherited: NodeJS.ProcessEnv;
  log: Logger;
  /** Aborted: the activity in hand is asked to end, then the worker stops. */
  signal: AbortSignal;
  /** Called once the worker polls. */
  onReady: () => void;
  /** Around every activity, outermost first; a test's way to be there at a point inside a stage. */
  aroundActivities?: ActivityInterceptorsFactory[];
}

/** Runs the worker of queue `cuda`, activities only and one at a time, until `signal` is aborted. */
export async function runGpuWorker(options: GpuWorkerOptions): Promise<void> {
  const { env, log, signal, onReady, aroundActivities = [] } = options;
  installRuntime(log);
  const connection = await connectTemporal(env.TEMPORAL_ADDRESS, log, signal);
  if (!connection) return;
  const { activities, close } = createStudentActivities({ ...options, connection });
  try {
    const worker = await Worker.create({
      connection,
      namespace: env.TEMPORAL_NAMESPACE,
      taskQueue: QUEUES.cuda,
      activities,
      interceptors: { activity: [...aroundActivities, mapActivityErrors(log)] },
      // One device, one job.
      maxConcurrentActivityTaskExecutions: 1,
      ...POLLING,
    });
    await pollUntilAborted(worker, signal, onReady);
  } finally {
    await close();
    await connection.close();
  }
}
