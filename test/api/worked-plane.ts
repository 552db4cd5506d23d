import { type TestClickHouse, startTestClickHouse } from '../support/clickhouse.ts';
import { startTestTemporal } from '../support/temporal.ts';
import { startTestWorker } from '../support/worker.ts';
import { type TestControlPlane, startControlPlane } from './control-plane.ts';

/** The control plane with the engines and a worker that does what it starts; nothing answers calls of models. */
export interface WorkedPlane {
  clickhouse: TestClickHouse;
  plane: TestControlPlane;
  stop(): Promise<void>;
}

export async function startWorkedPlane(): Promise<WorkedPlane> {
  const [clickhouse, temporal] = await Promise.all([startTestClickHouse(), startTestTemporal()]);
  const plane = await startControlPlane(clickhouse.client, temporal.address);
  const worker = await startTestWorker({
    env: { ...clickhouse.env, TEMPORAL_ADDRESS: temporal.address, STILLHOUSE_ARTIFACTS: plane.artifacts },
  });
  return {
    clickhouse,
    plane,
    async stop() {
      await worker.stop();
      await plane.close();
      await Promise.all([clickhouse.stop(), temporal.stop()]);
    },
  };
}
