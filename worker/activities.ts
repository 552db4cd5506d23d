import type { NativeConnection } from '@temporalio/worker';
import { createBuildDatasetActivities } from '../activities/build-dataset.ts';
import { createRegistryActivities } from '../activities/registry-store.ts';
import type { Environment } from '../contracts/environment.ts';
import type { homePaths } from '../platform/home.ts';
import type { Logger } from '../platform/logger.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { connectClickHouse } from '../store/clickhouse/connection.ts';

/** What the activities of queue `stillhouse` work with. */
export interface ActivitySetting {
  env: Environment;
  paths: ReturnType<typeof homePaths>;
  log: Logger;
  connection: NativeConnection;
}

/** Every activity of queue `stillhouse`, by its name, and how to give back what they hold. */
export function createMainActivities(setting: ActivitySetting): { activities: object; close: () => Promise<void> } {
  const clickhouse = connectClickHouse(setting.env, { application: 'stillhouse-worker', maxOpenConnections: 20 });
  const { paths } = setting;
  const artifacts = openArtifactStore(setting.env.STILLHOUSE_ARTIFACTS ?? `file:${paths.artifacts}`);
  const temporaryFolder = paths.tmp;
  return {
    activities: {
      ...createRegistryActivities({ clickhouse }),
      ...createBuildDatasetActivities({ clickhouse, artifacts, temporaryFolder, now: Date.now }),
    },
    close: () => clickhouse.close(),
  };
}
