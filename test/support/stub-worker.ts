import { fileURLToPath } from 'node:url';
import { type Client, Connection, Client as TemporalClient } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle, bundleWorkflowCode } from '@temporalio/worker';
import { QUEUES } from '../../contracts/names.ts';
import { createLogger } from '../../platform/logger.ts';
import { mapActivityErrors } from '../../worker/error-interceptor.ts';

/** Workers of both queues in this process, with the product's workflows and a test's activities. */
export interface StubWorker {
  client: Client;
  /** Ends both; runs that have not ended stay where they are. */
  stop(): Promise<void>;
}

let bundling: Promise<WorkflowBundle> | undefined;

/** The workflow bundle, made once a test process. */
export function workflowBundle(): Promise<WorkflowBundle> {
  bundling ??= bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../../workflows/index.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  });
  return bundling;
}

/** Quiet logs; once a test process, before anything of Temporal's runs. */
export function quietTemporal(): void {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
}

/** `cudaActivities` null: the queue `cuda` is left to the test. */
export async function startStubWorker(address: string, activities: object, cudaActivities: object | null): Promise<StubWorker> {
  const connection = await NativeConnection.connect({ address });
  // Identities end in histories: they must not name the machine.
  const interceptors = { activity: [mapActivityErrors(createLogger('stub', 'silent'))] };
  const shared = { connection, identity: 'stub-worker', interceptors };
  const main = await Worker.create({ ...shared, taskQueue: QUEUES.main, activities, workflowBundle: await workflowBundle() });
  const cuda = cudaActivities && (await Worker.create({ ...shared, taskQueue: QUEUES.cuda, activities: cudaActivities }));
  const running = Promise.all([main.run(), cuda?.run()]);
  const clientConnection = await Connection.connect({ address });
  return {
    client: new TemporalClient({ connection: clientConnection, identity: 'stub-client' }),
    async stop() {
      main.shutdown();
      cuda?.shutdown();
      await running;
      await clientConnection.close();
      await connection.close();
    },
  };
}
