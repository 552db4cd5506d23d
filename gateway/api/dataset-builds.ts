import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { BuildDatasetInput, DEFAULT_SPLITS } from '../../contracts/datasets.ts';
import type { Dataset, DatasetRequest } from '../../contracts/datasets.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { buildingDataset } from '../../core/dataset/building-dataset.ts';
import { refuseOtherSplits } from '../../core/dataset/split.ts';
import { datasetSourceHash } from '../../platform/content-hash.ts';
import { isCluster } from '../../store/clickhouse/dataset-clusters.ts';
import { curatedUntil } from '../../store/clickhouse/dataset-edits.ts';
import { readDataset, readNewestReady } from '../../store/clickhouse/datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { unlessDown } from './outages.ts';
import { fileKey } from './upload.ts';
import { CHANGE_TIMEOUT_MS, READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { inputOfRun } from './workflow-runs.ts';

/** The build's first record is waited for this long, so that a `GET` right after the start finds it. */
const FIRST_RECORD_MS = 5_000;
const POLL_MS = 100;

/** Starts the build, or joins the one of the same name, source, task, splits and filters, unless rows were edited since. */
export async function startBuild(deps: ApiDeps, request: DatasetRequest & { project: string }): Promise<Dataset> {
  const { project, name, filters } = request;
  const [until, ready] = await Promise.all([
    curatedUntil(deps.clickhouse, project, name, filters?.dropJudged ?? false),
    readNewestReady(deps.clickhouse, project, name),
  ]);
  const splits = request.splits ?? ready?.splits ?? DEFAULT_SPLITS;
  refuseOtherSplits(ready, splits);
  const input: BuildDatasetInput = { ...request, splits, ...(until === undefined ? {} : { curatedUntil: until }) };
  await refuseUnknownSource(deps, project, input.source);
  const newest = await readDataset(deps.clickhouse, input.project, input.name);
  const same = await recordOf(deps, input, newest);
  if (same?.status === 'ready') return same;
  // a build that failed, or whose record is gone, runs again; one that runs is joined
  const again = same === null || same.status === 'failed';
  await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => startOrJoin(client, input, again));
  if (same?.status === 'building') return same;
  for (const end = deps.now() + FIRST_RECORD_MS; deps.now() < end;) {
    const record = await readDataset(deps.clickhouse, input.project, input.name);
    if (record && isSameRequest(record, input) && record.updatedAt !== same?.updatedAt) return record;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return pendingBuild(input, newest, deps.now());
}

/** What would leave a version that failed behind. */
async function refuseUnknownSource(deps: ApiDeps, project: string, source: BuildDatasetInput['source']): Promise<void> {
  if ('file' in source) {
    if (await deps.artifacts.has(fileKey(source.file))) return;
    throw new StillhouseError('not_found', 'source.file: no such file was uploaded; POST /api/files answers with its id.', {
      param: 'source.file',
    });
  }
  const { cluster } = source.traces;
  if (cluster === undefined || (await isCluster(deps.clickhouse, project, cluster))) return;
  throw new StillhouseError(
    'not_found',
    `source.traces.cluster: there is no cluster "${cluster.slice(0, 64)}". GET /api/clusters lists those that there are.`,
    { param: 'source.traces.cluster' },
  );
}

/** The newest version that was made from the same request. */
async function recordOf(deps: ApiDeps, input: BuildDatasetInput, newest: Dataset | null): Promise<Dataset | null> {
  for (let record = newest; record !== null;) {
    if (isSameRequest(record, input)) return record;
    record = record.version > 1 ? await readDataset(deps.clickhouse, input.project, input.name, record.version - 1) : null;
  }
  return null;
}

async function startOrJoin(client: Client, input: BuildDatasetInput, again: boolean): Promise<void> {
  try {
    await client.workflow.start(WORKFLOWS.buildDataset, {
      workflowId: workflowIds.buildDataset(input.project, input.name, datasetSourceHash(input)),
      taskQueue: QUEUES.main,
      args: [input],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
  } catch (error) {
    // it has ended since its record was read
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

/** A build that runs and that ClickHouse holds no record of yet; null where there is none, or Temporal can't say. */
export async function unrecordedBuild(deps: ApiDeps, project: string, name: string, recorded: Dataset | null): Promise<Dataset | null> {
  if (recorded?.status === 'building') return null;
  const prefix = workflowIds.buildDataset(project, name, '');
  const query = `WorkflowType = '${WORKFLOWS.buildDataset}' AND ExecutionStatus = 'Running' AND WorkflowId STARTS_WITH '${prefix}'`;
  const look = async (client: Client) => {
    for await (const run of client.workflow.list({ query, pageSize: 10 })) {
      const input = BuildDatasetInput.safeParse(await inputOfRun(client, run.workflowId, run.runId));
      if (input.success && !(recorded && isSameRequest(recorded, input.data)))
        return pendingBuild(input.data, recorded, run.startTime.getTime());
    }
    return null;
  };
  return unlessDown(() => withTemporal(deps, READ_TIMEOUT_MS, look), null);
}

function isSameRequest(record: Dataset, input: BuildDatasetInput): boolean {
  return datasetSourceHash(record) === datasetSourceHash(input);
}

function pendingBuild(input: BuildDatasetInput, before: Dataset | null, startedMs: number): Dataset {
  return buildingDataset(input, (before?.version ?? 0) + 1, datasetSourceHash(input), new Date(startedMs).toISOString());
}
