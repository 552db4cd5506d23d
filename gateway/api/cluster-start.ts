import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { ClusterRun, ClusterTracesInput } from '../../contracts/clusters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { startingClusterRun } from '../../core/clusters/starting-run.ts';
import { canonicalJson, clusterRunName, clusterScope } from '../../platform/content-hash.ts';
import { newestClusterRuns } from '../../store/clickhouse/cluster-runs.ts';
import { clusterRunState } from './cluster-run-state.ts';
import type { ApiDeps } from './dependencies.ts';
import { refuseImpossibleTarget } from './target-check.ts';
import { CHANGE_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';

/**
 * Starts a run, or joins the one that is under way. A run that was given a name is joined after its end, too; without a name
 * the same request begins anew once the last one has ended, for there are new traces.
 */
export async function startClusterRun(deps: ApiDeps, request: ClusterTracesInput): Promise<ClusterRun> {
  const name = request.name ?? clusterRunName(request);
  const input = { ...request, name };
  const before = await clusterRunState(deps, input.project, name);
  if (before?.status === 'running' || (before?.status === 'completed' && request.name !== undefined)) return joined(before, input);
  await refuseWhatCannotRun(deps, input);
  return withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => launch(deps, client, input, name));
}

/** What would fail in the run's first step is refused at once. */
export async function refuseWhatCannotRun(deps: ApiDeps, input: ClusterTracesInput): Promise<void> {
  if (input.naming !== null) refuseImpossibleTarget(deps, input.project, input.naming, 'naming');
  if (input.mode === 'cluster') return;
  const scope = clusterScope(input.source);
  if ((await newestClusterRuns(deps.clickhouse, input.project)).some((run) => run.scope === scope)) return;
  throw new StillhouseError(
    'conflict',
    'mode: there are no clusters of these traces yet to assign to; start a run with mode "cluster" first.',
    {
      param: 'mode',
    },
  );
}

async function launch(deps: ApiDeps, client: Client, input: ClusterTracesInput, name: string): Promise<ClusterRun> {
  try {
    const handle = await client.workflow.start(WORKFLOWS.clusterTraces, {
      workflowId: workflowIds.clusterTraces(input.project, name),
      taskQueue: QUEUES.main,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    const { workflowId, firstExecutionRunId: runId } = handle;
    return startingClusterRun(input, { name, scope: clusterScope(input.source), workflowId, runId, startedAt: new Date(deps.now()) });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    const other = await clusterRunState(deps, input.project, name);
    if (!other) throw error;
    // two requests at once: the other one was first
    if (other.status === 'running') return joined(other, input);
    // It has ended on record and is about to in Temporal, which the caller's deadline bounds.
    await client.workflow
      .getHandle(workflowIds.clusterTraces(input.project, name))
      .result()
      .catch(() => undefined);
    return launch(deps, client, input, name);
  }
}

function joined(run: ClusterRun, input: ClusterTracesInput): ClusterRun {
  if (canonicalJson(run.input) === canonicalJson(input)) return run;
  throw new StillhouseError('conflict', `There is a run "${run.name}" with another input (${run.status}). Choose another name.`, {
    param: 'name',
  });
}
