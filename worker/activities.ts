import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { createBuildDatasetActivities } from '../activities/build-dataset.ts';
import { createClusterActivities, createClusterRecordActivities } from '../activities/cluster-traces.ts';
import { createCheckClustersActivity } from '../activities/check-clusters.ts';
import { createCleanLabelsActivity } from '../activities/clean-labels.ts';
import { createCurateActivities } from '../activities/curate.ts';
import type { GatewayAccess } from '../activities/distil/gateway-targets.ts';
import { createPlanActivities } from '../activities/distil/plan.ts';
import { createEvaluateEncoderActivity } from '../activities/evaluate-encoder.ts';
import { createExportEncoderActivity } from '../activities/export-encoder.ts';
import { createForgetActivities } from '../activities/forget-traces.ts';
import { createGenerateActivities } from '../activities/generate-candidates.ts';
import { createHostedActivities } from '../activities/hosted/hosted-activities.ts';
import { createImportActivities } from '../activities/import-traces.ts';
import { createInspectActivities } from '../activities/inspect-dataset.ts';
import { createJudgeActivities } from '../activities/judge-dataset.ts';
import { createNameClustersActivity } from '../activities/name-clusters.ts';
import { createRecordRunActivities } from '../activities/record-run.ts';
import { createRegistryActivities } from '../activities/registry-store.ts';
import { createRegistryUpdateActivities } from '../activities/registry-updates.ts';
import { createReferenceActivities } from '../activities/teacher-references.ts';
import { createTrainEncoderActivity } from '../activities/train-encoder.ts';
import { createWarmStudentActivity } from '../activities/warm-student.ts';
import { createWebhookActivities } from '../activities/webhooks.ts';
import type { Configuration } from '../contracts/configuration.ts';
import type { Environment } from '../contracts/environment.ts';
import { StillhouseError } from '../contracts/errors.ts';
import type { homePaths } from '../platform/home.ts';
import type { Logger } from '../platform/logger.ts';
import { secretFile } from '../platform/secrets.ts';
import { type ArtifactStore, openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { type ClickHouseClient, connectClickHouse } from '../store/clickhouse/connection.ts';

/** What the activities of queue `stillhouse` work with. */
export interface ActivitySetting {
  env: Environment;
  configuration: Pick<Configuration, 'webhooks'>;
  /** Value of an environment variable that the configuration names. */
  secret: (name: string) => string | undefined;
  paths: ReturnType<typeof homePaths>;
  log: Logger;
  connection: NativeConnection;
}

/** Every activity of queue `stillhouse`, by its name, and how to give back what they hold. */
export function createMainActivities(setting: ActivitySetting): { activities: object; close: () => Promise<void> } {
  const { env, paths, connection, secret } = setting;
  const clickhouse = connectClickHouse(env, { application: 'stillhouse-worker', maxOpenConnections: 20 });
  const artifacts = openArtifactStore(env.STILLHOUSE_ARTIFACTS ?? `file:${paths.artifacts}`);
  const temporal = new Client({ connection, namespace: env.TEMPORAL_NAMESPACE });
  const gateway: GatewayAccess = {
    url: env.STILLHOUSE_GATEWAY_URL.replace(/\/$/, ''),
    serviceKey: env.STILLHOUSE_SERVICE_KEY ?? secretFile(paths.serviceKey, 'sk-service'),
    fetch,
  };
  const stored = { clickhouse, artifacts, temporaryFolder: paths.tmp };
  const now = Date.now;
  const rates = { coreHourUsd: env.STILLHOUSE_CORE_HOUR_USD, gpuHourUsd: env.STILLHOUSE_GPU_HOUR_USD };
  return {
    activities: {
      ...createRegistryActivities({ clickhouse }),
      ...createBuildDatasetActivities({ ...stored, now }),
      ...createImportActivities({ ...stored, now }),
      ...createForgetActivities({ clickhouse, artifacts, now }),
      ...createPlanActivities({ clickhouse, gateway, usdPerCoreHour: env.STILLHOUSE_CORE_HOUR_USD }),
      ...createGenerateActivities({ clickhouse, gateway, now }),
      ...createCurateActivities(stored),
      ...createReferenceActivities(stored),
      ...encoderActivities(setting, { clickhouse, artifacts, gateway }),
      ...createHostedActivities({ ...stored, gateway, now }),
      ...createRegistryUpdateActivities({ temporal, clickhouse }),
      ...createClusterRecordActivities({ clickhouse, gateway }),
      ...createNameClustersActivity({ clickhouse, artifacts, gateway, now }),
      ...createJudgeActivities({ clickhouse, gateway, now }),
      ...createWarmStudentActivity({ gateway, now }),
      ...createRecordRunActivities({ clickhouse, now }),
      ...createWebhookActivities({ clickhouse, artifacts, rates, webhooks: setting.configuration.webhooks, secret, now }),
    },
    close: () => clickhouse.close(),
  };
}

/** A worker without an embedder does everything else, and says what it lacks where an encoder or clusters are wanted. */
function encoderActivities(
  { env, paths, log }: ActivitySetting,
  { clickhouse, artifacts, gateway }: { clickhouse: ClickHouseClient; artifacts: ArtifactStore; gateway: GatewayAccess },
): object {
  const deps = { artifacts, embedderFolder: env.STILLHOUSE_EMBEDDER ?? '', log };
  const activities = {
    ...createTrainEncoderActivity(deps),
    ...createCleanLabelsActivity({ ...deps, temporaryFolder: paths.tmp }),
    ...createExportEncoderActivity(deps),
    ...createEvaluateEncoderActivity({ ...deps, clickhouse }),
    ...createInspectActivities({ ...deps, clickhouse }),
    ...createCheckClustersActivity({ ...deps, clickhouse, gateway, now: Date.now }),
    ...createClusterActivities({ ...deps, clickhouse, gateway, clusterEmbedder: env.STILLHOUSE_CLUSTER_EMBEDDER }),
  };
  if (env.STILLHOUSE_EMBEDDER !== undefined) return activities;
  const refuse = () => {
    throw new StillhouseError(
      'unavailable',
      'STILLHOUSE_EMBEDDER is not set where the worker runs: "npm start" builds the embedder and sets it.',
    );
  };
  return Object.fromEntries(Object.keys(activities).map((name) => [name, refuse]));
}
