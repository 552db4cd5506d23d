import { availableParallelism } from 'node:os';
import { mkdir } from 'node:fs/promises';
import { deviceLock } from './training.ts';
import type { Training } from './supervised-training.ts';

const CHECKPOINT_SECONDS = 30;
const KEPT_CHECKPOINTS = 2;

/** The JSON configuration of `stillhouse_trainer train`, with the data beside it. */
export async function trainerConfig(
  { deps, base, input, folder }: Training,
  attempt: number,
  adjusted: { microBatchRows: number; rateFactor: number },
): Promise<object> {
  const { checked, curated, task, keepBest, nSamples } = input;
  await mkdir(folder, { recursive: true });
  await mkdir(deps.lockFolder, { recursive: true });
  return {
    base: base.folder,
    baseDigest: base.digest,
    data: { path: await deps.artifacts.getFile(curated, deps.temporaryFolder), sha256: curated.sha256 },
    task: { kind: task },
    labels: [],
    keepBest,
    nSamples,
    settings: checked.settings,
    ...adjusted,
    threads: availableParallelism(),
    device: checked.device.kind,
    deviceLock: deviceLock(checked.device, { machine: deps.lockFolder, home: deps.trainingFolder }),
    folder,
    attempt,
    checkpointSeconds: CHECKPOINT_SECONDS,
    keepCheckpoints: KEPT_CHECKPOINTS,
  };
}
