import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { ClusterMap } from '../../contracts/clusters.ts';
import { CHECK_PROMPT_VERSION } from '../../core/clusters/border-checks.ts';
import { rowOf } from '../../core/learning/matrix.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { insertClusterChecks, type RecordedCheck } from '../../store/clickhouse/cluster-checks.ts';
import { insertClusters } from '../../store/clickhouse/clusters.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { publishOnce } from '../encoder/encoder-deps.ts';
import { type Named, readNames } from '../name-clusters.ts';
import { type ClustersFound } from './assign.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { type Clustering, readClustering } from './clustering-result.ts';
import type { ClusterIdentity } from './match-run.ts';
import { readSample } from './sample.ts';
import { readJson, readMatrix } from './work-files.ts';

/** Stores what the run has found, and the map's points; the same again is dropped. */
export async function recordClusters(
  deps: { clickhouse: ClickHouseClient; artifacts: ArtifactStore },
  { plan, found, named }: { plan: ClusterPlan; found: ClustersFound; named: Named },
): Promise<ArtifactRef> {
  const { artifacts } = deps;
  const clustering = await readClustering(artifacts, found.clustered);
  const [identities, names, texts, centres] = await Promise.all([
    readJson<ClusterIdentity[]>(artifacts, found.matched.identities),
    readNames(artifacts, named),
    readSample(artifacts, found.sample),
    readMatrix(artifacts, clustering.centres),
  ]);
  const { project, scope, runId, at } = plan.run;
  await insertClusters(
    deps.clickhouse,
    clustering.groups.map((group, i) => ({
      project,
      scope,
      runId,
      id: identities[i]!.id,
      recordedAt: at,
      ...names[i]!,
      keywords: group.keywords,
      centre: [...rowOf(centres, i)],
      mean: [...rowOf(centres, centres.rows - 1)],
      embedderSha256: found.embedded.embedder.sha256,
      texts: group.texts,
      coherence: group.coherence,
      similarity: group.similarity,
      outlierBelow: group.outlierBelow,
      system: group.system,
      x: group.x,
      y: group.y,
      keptFrom: identities[i]!.keptFrom,
      task: group.task,
      borderline: group.borderline.flatMap(({ text, other, margin }) =>
        texts[text]!.traces.slice(0, 1).map((traceId) => ({ traceId, otherId: identities[other]!.id, margin })),
      ),
    })),
  );
  await insertClusterChecks(deps.clickhouse, plan.run, checkRows(plan, clustering, identities));
  const points = clustering.points.map(({ text, x, y }) => ({
    x,
    y,
    clusterId: identities[clustering.labels[text]!]?.id ?? '',
    outlier: clustering.outliers[text]!,
  }));
  const map: ClusterMap = { run: plan.run.name, points };
  return publishOnce(artifacts, `${workFolder(plan)}/map.json`, map);
}

function checkRows({ input }: ClusterPlan, { checks, labels }: Clustering, identities: readonly ClusterIdentity[]): RecordedCheck[] {
  return (checks ?? []).map(({ rows, sizes, ...check }) => ({
    ...check,
    model: input.naming!,
    promptVersion: CHECK_PROMPT_VERSION,
    sides: rows.map((row, side) => ({ clusterId: identities[labels[row]!]!.id, texts: sizes[side]! })),
  }));
}

/** Removes what later stages have read: the sample's texts and vectors; the map stays. */
export async function forgetWork(artifacts: ArtifactStore, plan: ClusterPlan): Promise<void> {
  const folder = `${workFolder(plan)}/`;
  for (const key of await artifacts.list(folder)) if (key !== `${folder}map.json`) await artifacts.delete(key);
}
