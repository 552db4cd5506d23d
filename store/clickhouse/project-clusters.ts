import type { Cluster, ClusterRun } from '../../contracts/clusters.ts';
import { savingUsdPerMonth } from '../../core/clusters/distil-saving.ts';
import { clusterEdits, withEdit } from './cluster-edits.ts';
import { type ClusterFigures, clusterFigures } from './cluster-figures.ts';
import { newestClusterRuns } from './cluster-runs.ts';
import { type FoundCluster, clustersOfRun } from './clusters.ts';
import type { ClickHouseClient } from './connection.ts';

/** Fewer later traces than this say nothing of drift. */
const DRIFT_TRACES = 20;

/** What views of clusters are made with. */
export interface ClusterViewDeps {
  clickhouse: ClickHouseClient;
  /** What an hour of a device costs. */
  rates: { coreHourUsd: number; gpuHourUsd: number };
}

/** Which clusters: by default those of the newest run of each scope. */
export interface ClusterChoice {
  alias?: string | undefined;
  since?: string | undefined;
}

/** The project's clusters, those first that would save most. */
export async function projectClusters(deps: ClusterViewDeps, project: string, choice: ClusterChoice): Promise<Cluster[]> {
  const [runs, edits] = await Promise.all([newestClusterRuns(deps.clickhouse, project), clusterEdits(deps.clickhouse, project)]);
  const chosen = runs.filter(({ input }) => choice.alias === undefined || input.source.alias === choice.alias);
  const views = await Promise.all(chosen.map((run) => clustersOf(deps, run, choice.since)));
  const clusters = views.flat().map((cluster) => withEdit(cluster, edits.get(cluster.id)));
  return clusters.sort((a, b) => rankOf(b) - rankOf(a) || b.size - a.size || (a.id < b.id ? -1 : 1));
}

/** What one run has found, with the figures of now. */
export async function clustersOf(deps: ClusterViewDeps, run: ClusterRun, since?: string): Promise<Cluster[]> {
  const found = await clustersOfRun(deps.clickhouse, run.project, run);
  const ids = found.map(({ id }) => id);
  const figures = await clusterFigures(deps.clickhouse, run.project, { ids, runAt: run.startedAt, since });
  const total: Total = { traces: 0, usd: 0, firstAt: '9', lastAt: '' };
  for (const { size, outliers, costUsd, firstAt, lastAt } of figures.values()) {
    total.traces += size + outliers;
    total.usd += costUsd ?? 0;
    if (firstAt < total.firstAt) total.firstAt = firstAt;
    if (lastAt > total.lastAt) total.lastAt = lastAt;
  }
  return found.map((cluster) => viewOf(deps, run, cluster, figures.get(cluster.id), total));
}

/** What all clusters of a run come to. */
interface Total {
  traces: number;
  usd: number;
  firstAt: string;
  lastAt: string;
}

/** A month's traffic is told by the time of all: one cluster's may have come within a minute. */
function timesOf({ firstAt, lastAt }: Total) {
  return { firstAt, lastAt };
}

function viewOf(deps: ClusterViewDeps, run: ClusterRun, cluster: FoundCluster, figures: ClusterFigures | undefined, total: Total): Cluster {
  const { id, name, namedBy, description, inclusion, exclusion, keywords, coherence, task, x, y } = cluster;
  const calls = (figures?.size ?? 0) + (figures?.outliers ?? 0);
  const costUsd = figures?.costUsd ?? null;
  return {
    id,
    name,
    namedBy,
    description,
    inclusion,
    exclusion,
    keywords,
    coherence,
    task,
    x,
    y,
    run: run.name,
    scope: run.scope,
    alias: run.input.source.alias ?? null,
    size: figures?.size ?? 0,
    outliers: figures?.outliers ?? 0,
    share: total.traces === 0 ? 0 : calls / total.traces,
    costUsd,
    costShare: costUsd === null || total.usd === 0 ? null : costUsd / total.usd,
    errors: figures?.errors ?? 0,
    errorShare: calls === 0 ? 0 : (figures?.errors ?? 0) / calls,
    p50Ms: figures?.p50Ms ?? null,
    drift: figures ? driftOf(figures) : null,
    savingUsdPerMonth: figures ? savingUsdPerMonth(task.student, { ...figures, calls, ...timesOf(total) }, deps.rates) : null,
  };
}

function driftOf({ later, earlier }: ClusterFigures): number | null {
  if (later.size < DRIFT_TRACES || later.similarity === null || earlier.similarity === null) return null;
  return earlier.similarity - later.similarity;
}

function rankOf({ savingUsdPerMonth: usd, costUsd }: Cluster): number {
  return usd ?? (costUsd ?? 0) * 1e-9;
}
