import { ApplicationFailure, CancellationScope, defineQuery, isCancellation, setHandler, workflowInfo } from '@temporalio/workflow';
import { type ClusterRun, type ClusterStage, ClusterTracesInput } from '../contracts/clusters.ts';
import { MESSAGES } from '../contracts/names.ts';
import { clustering, naming, records } from './cluster-activities.ts';
import { ClusterState, nameOfSchedule } from './cluster-state.ts';
import { failureSentence, failureType, parseInput } from './failures.ts';

const stateQuery = defineQuery<ClusterRun>(MESSAGES.state);

/**
 * Sorts traces of apps into clusters with names: sample, embed, cluster, match, name, assign, record. With `mode: "assign"`
 * traces that came since go into the clusters that are there. Answers with the run's state.
 */
export async function clusterTraces(raw: unknown): Promise<ClusterRun> {
  const input = parseInput(ClusterTracesInput, raw ?? {});
  const { workflowId, runId, runStartTime } = workflowInfo();
  const names = await records.nameClusterRun({ input, scheduled: nameOfSchedule(workflowId) });
  const run = new ClusterState(input, { ...names, workflowId, runId, startedAt: runStartTime });
  setHandler(stateQuery, () => run.state, { description: 'The whole state of the run, as GET /api/clusters/runs/{name} shows it.' });
  try {
    await runStages(run);
    run.close('completed', null);
    await records.recordClusterState({ state: run.state });
    return run.state;
  } catch (error) {
    const cancelled = isCancellation(error);
    await CancellationScope.nonCancellable(async () => {
      if (run.plan) await clustering.forgetWork({ plan: run.plan });
      run.close(cancelled ? 'cancelled' : 'failed', cancelled ? null : failureSentence(error));
      await records.recordClusterState({ state: run.state });
    });
    if (cancelled) throw error;
    throw ApplicationFailure.nonRetryable(run.state.error ?? 'the run failed', failureType(error));
  }
}

/** A stage begins, on record too: that is what people are shown while Temporal is down. */
async function begin(run: ClusterState, stage: ClusterStage): Promise<void> {
  run.begin(stage);
  await records.recordClusterState({ state: run.state });
}

async function runStages(run: ClusterState): Promise<void> {
  await records.recordClusterState({ state: run.state });
  const { input, scope, startedAt, name, runId } = run.state;
  const plan = await records.planClusters({ input, run: { project: input.project, name, runId, scope, at: startedAt } });
  run.plan = plan;
  if (input.mode === 'assign') {
    await begin(run, 'assign');
    const assigned = await clustering.assignTraces({ plan, clusters: null });
    run.count(assigned);
    run.embedder(assigned.embedder);
    return;
  }
  await begin(run, 'sample');
  const sample = await clustering.sampleTraces({ plan });
  run.count(sample.counts);
  await begin(run, 'embed');
  const embedded = await clustering.embedSample({ plan, sample });
  run.embedder(embedded.embedder);
  await begin(run, 'cluster');
  const clustered = await clustering.clusterSample({ plan, sample, embedded });
  run.count({ clusters: clustered.clusters });
  for (const warning of clustered.warnings) run.warn(warning);
  await begin(run, 'match');
  const matched = await clustering.matchRun({ plan, sample, embedded, clustered });
  run.count({ kept: matched.kept });
  await begin(run, 'name');
  const named = await naming.nameClusters({ plan, sample, clustered, matched });
  run.spent(named.spentUsd);
  run.count({ named: named.named });
  for (const warning of named.warnings) run.warn(warning);
  await begin(run, 'assign');
  run.count(await clustering.assignTraces({ plan, clusters: { sample, embedded, clustered, matched } }));
  await begin(run, 'record');
  run.map(await clustering.recordClusters({ plan, sample, embedded, clustered, matched, named }));
  await clustering.forgetWork({ plan });
}
