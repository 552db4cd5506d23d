import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ActivityInterceptorsFactory, Worker, type WorkerOptions } from '@temporalio/worker';
import { QUEUES } from '../contracts/names.ts';
import { type ActivitySetting, createMainActivities } from './activities.ts';
import { mapActivityErrors } from './error-interceptor.ts';
import { pollUntilAborted, POLLING } from './polling.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { connectTemporal, installRuntime } from './temporal.ts';

/** What the worker of queue `stillhouse` is made of. */
export interface MainWorkerOptions extends Omit<ActivitySetting, 'connection'> {
  /** Aborted: activities are asked to end, then the worker stops. */
  signal: AbortSignal;
  /** Called once the worker polls. */
  onReady: () => void;
  /** Around every activity, outermost first; a test's way to be there at a point inside a stage. */
  aroundActivities?: ActivityInterceptorsFactory[];
  /** Default: the bundle where the package was built, else the sources. */
  workflowCode?: WorkflowCode;
}

type WorkflowCode = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;

/** Runs the worker of queue `stillhouse`, all workflows and the activities without a GPU, until `signal` is aborted. */
export async function runMainWorker(options: MainWorkerOptions): Promise<void> {
  const { env, log, signal, onReady, aroundActivities = [], workflowCode = defaultWorkflowCode() } = options;
  installRuntime(log);
  const connection = await connectTemporal(env.TEMPORAL_ADDRESS, log, signal);
  if (!connection) return;
  try {
    await ensureSearchAttributes(connection, env.TEMPORAL_NAMESPACE).catch((error: unknown) =>
      log.warn({ err: error }, 'search attributes could not be looked at; runs fail until they exist'),
    );
    const { activities, close } = createMainActivities({ ...options, connection });
    try {
      const worker = await Worker.create({
        connection,
        namespace: env.TEMPORAL_NAMESPACE,
        taskQueue: QUEUES.main,
        activities,
        ...workflowCode,
        interceptors: { activity: [...aroundActivities, mapActivityErrors(log)] },
        // Training takes a core; the rest mostly waits for ClickHouse and the gateway.
        maxConcurrentActivityTaskExecutions: 20,
        ...POLLING,
      });
      await pollUntilAborted(worker, signal, onReady);
    } finally {
      await close();
    }
  } finally {
    await connection.close();
  }
}

function defaultWorkflowCode(): WorkflowCode {
  const bundle = fileURLToPath(new URL('../workflow-bundle.cjs', import.meta.url));
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle } };
  return { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) };
}
