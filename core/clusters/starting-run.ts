import type { ClusterRun, ClusterTracesInput } from '../../contracts/clusters.ts';

/** The state of a run that has begun and done nothing yet. */
export function startingClusterRun(
  input: ClusterTracesInput,
  run: { name: string; scope: string; workflowId: string; runId: string; startedAt: Date },
): ClusterRun {
  const at = run.startedAt.toISOString();
  return {
    project: input.project,
    name: run.name,
    runId: run.runId,
    workflowId: run.workflowId,
    status: 'running',
    stage: null,
    scope: run.scope,
    input: { ...input, name: run.name },
    counts: {
      traces: null,
      sampled: null,
      texts: null,
      clusters: null,
      checked: null,
      merged: null,
      split: null,
      unchecked: null,
      kept: null,
      named: null,
      assigned: null,
      outliers: null,
      withoutText: null,
    },
    embedder: null,
    map: null,
    spentUsd: 0,
    warnings: [],
    error: null,
    startedAt: at,
    updatedAt: at,
    endedAt: null,
    stale: false,
  };
}
