import { join } from 'node:path';
import { Client } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { createCheckStudentActivity } from '../activities/check-student.ts';
import { createDeviceProbeActivity } from '../activities/device-probe.ts';
import { createEvaluateLanguageModelActivity } from '../activities/evaluate-student.ts';
import { createExportStudentActivity } from '../activities/export-student.ts';
import type { LanguageModelTools, StudentDeps } from '../activities/student/student-deps.ts';
import { createTrainStudentActivity } from '../activities/train-student.ts';
import type { Configuration } from '../contracts/configuration.ts';
import type { Environment } from '../contracts/environment.ts';
import { cacheFolder, homePaths } from '../platform/home.ts';
import { requestPreparation } from '../platform/lifecycle.ts';
import type { Logger } from '../platform/logger.ts';
import { openArtifactStore } from '../store/artifacts/artifact-store.ts';
import { connectClickHouse } from '../store/clickhouse/connection.ts';

/** What the activities of queue `cuda` work with. */
export interface StudentSetting {
  env: Environment;
  configuration: Configuration;
  /** The process's own environment: what the trainer inherits. */
  inherited: NodeJS.ProcessEnv;
  log: Logger;
  connection: NativeConnection;
}

/** Every activity of queue `cuda`, by its name, and how to give back what they hold. */
export function createStudentActivities(setting: StudentSetting): { activities: object; close: () => Promise<void> } {
  const { env, configuration, log, connection } = setting;
  const paths = homePaths(env);
  const clickhouse = connectClickHouse(env, { application: 'stillhouse-gpu-worker' });
  const deps: StudentDeps = {
    artifacts: openArtifactStore(env.STILLHOUSE_ARTIFACTS ?? `file:${paths.artifacts}`),
    clickhouse,
    temporal: new Client({ connection, namespace: env.TEMPORAL_NAMESPACE }),
    device: env.STILLHOUSE_DEVICE,
    bases: configuration.bases,
    tools: toolsOf(setting),
    inspected: new Map(),
    trainingFolder: paths.trainings,
    temporaryFolder: paths.tmp,
    modelFolder: paths.models,
    lockFolder: join(cacheFolder(env), 'devices'),
    log,
  };
  return {
    activities: {
      ...createDeviceProbeActivity({ device: env.STILLHOUSE_DEVICE }),
      ...createCheckStudentActivity(deps),
      ...createTrainStudentActivity(deps),
      ...createExportStudentActivity(deps),
      ...createEvaluateLanguageModelActivity(deps),
    },
    close: () => clickhouse.close(),
  };
}

/** Unset folders are never there, so a worker without a supervisor says what it lacks when it is asked for a language model. */
function toolsOf({ env, inherited }: StudentSetting): LanguageModelTools {
  const { STILLHOUSE_TRAINER: trainer, STILLHOUSE_BASE: base, STILLHOUSE_CONVERTERS: converters } = env;
  return {
    trainer: trainer ?? '',
    base: base ?? '',
    converters: converters ?? '',
    prepare: (wait) => requestPreparation('language-model-students', wait),
    env: inherited,
  };
}
