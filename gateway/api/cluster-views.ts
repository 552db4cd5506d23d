import type { Cluster, ClusterCheck, ClusterDetail, ClusterMember, ClusterRun } from '../../contracts/clusters.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { clusterChecksOfRun } from '../../store/clickhouse/cluster-checks.ts';
import { clusterEdits, withEdit } from '../../store/clickhouse/cluster-edits.ts';
import { nearestMembers, textsOfTraces } from '../../store/clickhouse/cluster-figures.ts';
import { newestClusterRuns } from '../../store/clickhouse/cluster-runs.ts';
import { clustersOfRun } from '../../store/clickhouse/clusters.ts';
import { projectClusters } from '../../store/clickhouse/project-clusters.ts';
import type { ApiDeps } from './dependencies.ts';

/** Members nearest the centre that are shown; more are read, for equal prompts are shown once. */
const NEAREST = { shown: 12, read: 60 };

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

/** What came of a run's checks, with the names that its clusters have now. */
export async function clusterChecks(deps: ApiDeps, { project, scope, runId }: ClusterRun): Promise<ClusterCheck[]> {
  const [checks, clusters, edits] = await Promise.all([
    clusterChecksOfRun(deps.clickhouse, project, runId),
    clustersOfRun(deps.clickhouse, project, { scope, runId }),
    clusterEdits(deps.clickhouse, project),
  ]);
  const names = new Map(clusters.map((cluster) => [cluster.id, withEdit(cluster, edits.get(cluster.id)).name]));
  return checks.map(({ sides, ...check }) => ({
    ...check,
    sides: sides.map((side) => ({ ...side, name: names.get(side.clusterId) ?? side.clusterId })),
  }));
}

/** Refuses a name that another of the project's clusters has. */
export function refuseTakenName(clusters: readonly Cluster[], id: string, name: string): void {
  const same = clusters.find((one) => one.id !== id && one.name.trim().toLowerCase() === name.trim().toLowerCase());
  if (same) throw new StillhouseError('conflict', `name: the cluster ${same.id} is called "${same.name}" already.`, { param: 'name' });
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
