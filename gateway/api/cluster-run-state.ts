import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { type ClusterRun, ClusterTracesInput } from '../../contracts/clusters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { workflowIds } from '../../contracts/names.ts';
import { startingClusterRun } from '../../core/clusters/starting-run.ts';
import { clusterScope } from '../../platform/content-hash.ts';
import { listClusterRuns, readClusterRun } from '../../store/clickhouse/cluster-runs.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { unlessDown } from './outages.ts';
import { stateOfRecordedRun } from './recorded-run.ts';
import { READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { describeRun, inputOfRun } from './workflow-runs.ts';

/** Where a run stands, by Temporal; while that is down, as it was recorded last, marked stale. null: there never was such a run. */
export async function clusterRunState(deps: ApiDeps, project: string, name: string): Promise<ClusterRun | null> {
  const recorded = await unlessDown(() => readClusterRun(deps.clickhouse, project, name), 'down' as const);
  const known = recorded === 'down' ? null : recorded;
  const ask = async (client: Client) => {
    const own = await describeRun(client, workflowIds.clusterTraces(project, name));
    // A schedule's run, or one that was started by hand, has an id of its own.
    const run = own ?? (known ? await describeRun(client, known.workflowId) : null);
    if (!run) return known;
    return stateOfRecordedRun(client, run, {
      recorded: known,
      readAgain: () => unlessDown(() => readClusterRun(deps.clickhouse, project, name), null),
      fromStart: () => stateFromStart(client, run, project, name),
    });
  };
  const state = await unlessDown(() => withTemporal(deps, READ_TIMEOUT_MS, ask), 'down' as const);
  if (state !== 'down' && (state !== null || recorded !== 'down')) return state;
  if (known) return known.status === 'running' ? { ...known, stale: true } : known;
  throw new StillhouseError('unavailable', 'The state of this run can not be read now; try again in a moment.');
}

/** The state of a run; `not_found` with the nearest names. */
export async function findClusterRun(deps: ApiDeps, project: string, name: string): Promise<ClusterRun> {
  const found = await clusterRunState(deps, project, name);
  if (found) return found;
  const known = (await listClusterRuns(deps.clickhouse, project)).map((run) => run.name);
  throw new StillhouseError('not_found', nameNearest('run of clusters', name, known), { param: 'name' });
}

/** What can be said of a run that has not said anything yet. */
async function stateFromStart(client: Client, run: WorkflowExecutionDescription, project: string, name: string): Promise<ClusterRun> {
  const given = ClusterTracesInput.safeParse((await inputOfRun(client, run.workflowId, run.runId)) ?? {});
  const input = given.success ? given.data : ClusterTracesInput.parse({ project });
  return startingClusterRun(input, {
    name,
    scope: clusterScope(input.source),
    workflowId: run.workflowId,
    runId: run.runId,
    startedAt: run.startTime,
  });
}
