import type { Cluster, ClusterDetail, ClusterMember, ClusterRun } from '../../contracts/clusters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { savingUsdPerMonth } from '../../core/clusters/distil-saving.ts';
import { clusterEdits, withEdit } from '../../store/clickhouse/cluster-edits.ts';
import { type ClusterFigures, clusterFigures, nearestMembers, textsOfTraces } from '../../store/clickhouse/cluster-figures.ts';
import { newestClusterRuns } from '../../store/clickhouse/cluster-runs.ts';
import { type FoundCluster, clustersOfRun } from '../../store/clickhouse/clusters.ts';
import type { ApiDeps } from './dependencies.ts';

/** Fewer later traces than this say nothing of drift. */
const DRIFT_TRACES = 20;
/** Members nearest the centre that are shown; more are read, for equal prompts are shown once. */
const NEAREST = { shown: 12, read: 60 };

/** Which clusters: by default those of the newest run of each scope. */
export interface ClusterChoice {
  alias?: string | undefined;
  since?: string | undefined;
}

/** The project's clusters, those first that would save most. */
export async function projectClusters(deps: ApiDeps, project: string, choice: ClusterChoice): Promise<Cluster[]> {
  const [runs, edits] = await Promise.all([newestClusterRuns(deps.clickhouse, project), clusterEdits(deps.clickhouse, project)]);
  const chosen = runs.filter(({ input }) => choice.alias === undefined || input.source.alias === choice.alias);
  const views = await Promise.all(chosen.map((run) => clustersOf(deps, run, choice.since)));
  const clusters = views.flat().map((cluster) => withEdit(cluster, edits.get(cluster.id)));
  return clusters.sort((a, b) => rankOf(b) - rankOf(a) || b.size - a.size || (a.id < b.id ? -1 : 1));
}

/** One cluster with members; null where the project has none of that id. */
export async function clusterDetail(deps: ApiDeps, project: string, id: string): Promise<ClusterDetail | null> {
  const all = await projectClusters(deps, project, {});
  const cluster = all.find((one) => one.id === id);
  if (!cluster) return null;
  const [run] = (await newestClusterRuns(deps.clickhouse, project)).filter(({ scope }) => scope === cluster.scope);
  const found = (await clustersOfRun(deps.clickhouse, project, run!)).find((one) => one.id === id);
  const near = await nearestMembers(deps.clickhouse, project, id, NEAREST.read);
  const border = found?.borderline ?? [];
  const texts = await textsOfTraces(
    deps.clickhouse,
    project,
    [...near, ...border].map(({ traceId }) => traceId),
  );
  const names = new Map(all.map((one) => [one.id, one.name]));
  const members = near.flatMap(({ traceId, similarity, outlier }) => memberOf(texts, traceId, similarity, outlier));
  return {
    ...cluster,
    nearest: distinct(members).slice(0, NEAREST.shown),
    borderline: border.flatMap(({ traceId, otherId, margin }) =>
      memberOf(texts, traceId, 0, false).map((member) => ({ ...member, otherId, otherName: names.get(otherId) ?? otherId, margin })),
    ),
  };
}

/** Refuses a name that another of the project's clusters has. */
export function refuseTakenName(clusters: readonly Cluster[], id: string, name: string): void {
  const same = clusters.find((one) => one.id !== id && one.name.trim().toLowerCase() === name.trim().toLowerCase());
  if (same) throw new StillhouseError('conflict', `name: the cluster ${same.id} is called "${same.name}" already.`, { param: 'name' });
}

async function clustersOf(deps: ApiDeps, run: ClusterRun, since: string | undefined): Promise<Cluster[]> {
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

function viewOf(deps: ApiDeps, run: ClusterRun, cluster: FoundCluster, figures: ClusterFigures | undefined, total: Total): Cluster {
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

function memberOf(
  texts: ReadonlyMap<string, { ts: string; prompt: string; answer: string }>,
  traceId: string,
  similarity: number,
  outlier: boolean,
): ClusterMember[] {
  const text = texts.get(traceId);
  return text ? [{ traceId, at: text.ts, similarity, outlier, prompt: text.prompt, answer: text.answer }] : [];
}

/** Of equal prompts the first. */
function distinct(members: ClusterMember[]): ClusterMember[] {
  return [...new Map(members.toReversed().map((member) => [member.prompt.trim().toLowerCase(), member])).values()].reverse();
}
