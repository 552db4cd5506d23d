import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  isCancellation,
  ParentClosePolicy,
  patched,
  setHandler,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { Clustered } from '../activities/clusters/clustering-result.ts';
import { type ClusterRun, type ClusterStage, ClusterTracesInput } from '../contracts/clusters.ts';
import { MESSAGES, WORKFLOWS, workflowIds } from '../contracts/names.ts';
import { clustering, naming, records, webhooks } from './cluster-activities.ts';
import { ClusterState, nameOfSchedule } from './cluster-state.ts';
import { failureSentence, failureType, parseInput } from './failures.ts';

const stateQuery = defineQuery<ClusterRun>(MESSAGES.state);

/**
 * Sorts traces of apps into clusters with names: sample, embed, cluster, check, match, name, assign, record. With `mode: "assign"`
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
    if (patched('webhooks')) await announce(run.state);
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

/** Tells of clusters that have become worth distilling: each delivery is a run of its own, which no failure brings back here. */
async function announce(state: ClusterRun): Promise<void> {
  const { project } = state;
  for (const { webhook, cluster } of await webhooks.clustersToAnnounce({ state })) {
    try {
      await startChild(WORKFLOWS.deliverWebhook, {
        workflowId: workflowIds.deliverWebhook(project, webhook, cluster.id),
        args: [{ project, webhook, cluster }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
      });
    } catch (error) {
      // An earlier run's is still under way.
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
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
  const found = await clustering.clusterSample({ plan, sample, embedded });
  run.count({ clusters: found.clusters });
  for (const warning of found.warnings) run.warn(warning);
  const clustered = await checked(run, { plan, sample, embedded, clustered: found });
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

/** The clusters once a model has looked at their borders, where one is to. */
async function checked(run: ClusterState, input: Parameters<typeof naming.checkClusters>[0]): Promise<Clustered> {
  const { naming: model, checks } = run.state.input;
  if (model === null || checks === 0 || !patched('borders')) return input.clustered;
  await begin(run, 'check');
  const { counts, spentUsd, warnings, ...clustered } = await naming.checkClusters(input);
  run.count(counts);
  run.spent(spentUsd);
  for (const warning of warnings) run.warn(warning);
  return { ...clustered, warnings };
}
