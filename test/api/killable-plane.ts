import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DistilBench, startDistilBench } from '../support/distil-bench.ts';
import { quietTemporal, workflowBundle } from '../support/stub-worker.ts';
import { type TestWorker, startTestWorker } from '../support/worker.ts';
import { type TestControlPlane, startControlPlane } from './control-plane.ts';

const KILLED_WORKER = fileURLToPath(new URL('../chaos/killed-worker.ts', import.meta.url));

/** The control plane with the engines, and workers that end themselves by SIGKILL where they are told to. */
export interface KillablePlane {
  bench: DistilBench;
  plane: TestControlPlane;
  /** Without arguments one that lives. */
  startWorker(activity?: string, point?: string): Promise<TestWorker>;
  stop(): Promise<void>;
}

export async function startKillablePlane(): Promise<KillablePlane> {
  quietTemporal();
  const bench = await startDistilBench();
  const plane = await startControlPlane(bench.clickhouse.client, bench.temporal.address);
  const bundle = join(bench.folder(), 'workflow-bundle.cjs');
  writeFileSync(bundle, ((await workflowBundle()) as { code: string }).code);
  return {
    bench,
    plane,
    startWorker: (activity = 'none', point = 'end') =>
      startTestWorker({
        path: KILLED_WORKER,
        programArguments: [activity, point, bundle],
        env: { ...bench.workerEnv(join(bench.folder(), 'home')), STILLHOUSE_ARTIFACTS: plane.artifacts },
      }),
    async stop() {
      await plane.close();
      await bench.stop();
    },
  };
}
