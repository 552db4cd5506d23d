import type { ClusterNaming } from '../../contracts/clusters.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { type MatchableCluster, matchClusters } from '../../core/clustering/match-clusters.ts';
import { rowOf } from '../../core/learning/matrix.ts';
import { contentHash } from '../../platform/content-hash.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { clustersOfTraces } from '../../store/clickhouse/cluster-assignments.ts';
import { type FoundCluster, clustersOfRun } from '../../store/clickhouse/clusters.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { type ClusterPlan, workFolder } from './cluster-plan.ts';
import { type Clustered, type Clustering, readClustering } from './clustering-result.ts';
import type { EmbeddedSample } from './embed-sample.ts';
import { type Sampled, type SampleText, readSample } from './sample.ts';
import { onceInRun, readMatrix } from './work-files.ts';

/** What each cluster is called by programs, and what it was before. In the order of the clustering. */
export interface ClusterIdentity {
  id: string;
  /** Cosine to the centre that it had in the run before; 0: it is new. */
  keptFrom: number;
  /** What it was called; null: it is new. */
  naming: ClusterNaming | null;
}

/** Identities by reference. */
export interface Matched {
  identities: ArtifactRef;
  kept: number;
}

/** Gives clusters that were there before their identity back, and new ones an id of their own. */
export async function matchRun(
  deps: { clickhouse: ClickHouseClient; artifacts: ArtifactStore },
  { plan, sample, embedded, clustered }: { plan: ClusterPlan; sample: Sampled; embedded: EmbeddedSample; clustered: Clustered },
): Promise<Matched> {
  const { artifacts } = deps;
  const { ref, value } = await onceInRun<ClusterIdentity[]>(artifacts, `${workFolder(plan)}/identities.json`, async () =>
    identitiesOf(deps, {
      plan,
      embedded,
      clustering: await readClustering(artifacts, clustered),
      texts: await readSample(artifacts, sample),
    }),
  );
  return { identities: ref, kept: value.filter(({ naming }) => naming !== null).length };
}

/** Which clusters of the run before these are. */
export async function identitiesOf(
  { clickhouse, artifacts }: { clickhouse: ClickHouseClient; artifacts: ArtifactStore },
  found: { plan: ClusterPlan; embedded: EmbeddedSample; clustering: Clustering; texts: readonly SampleText[] },
): Promise<ClusterIdentity[]> {
  const { plan, embedded, clustering, texts } = found;
  const { project, scope } = plan.run;
  const before = plan.predecessor ? await clustersOfRun(clickhouse, project, { scope, runId: plan.predecessor.runId }) : [];
  // Vectors of another embedder say nothing about these: all clusters are new then.
  const comparable = before.filter((cluster) => cluster.embedderSha256 === embedded.embedder.sha256);
  const { matched } = matchClusters(
    matchable(comparable, await rowsBefore(clickhouse, project, comparable, texts)),
    await matchableNow(artifacts, clustering, texts),
  );
  const previous = new Map(matched.map((match) => [Number(match.next), match]));
  const known = new Map(comparable.map((cluster) => [cluster.id, cluster]));
  const taken = new Set(before.map(({ id }) => id));
  return clustering.groups.map((group, i): ClusterIdentity => {
    const match = previous.get(i);
    const old = match && known.get(match.previous);
    if (!old) return { id: newId(scope, texts[group.nearest[0]!]!.skeleton, taken), keptFrom: 0, naming: null };
    const { id, name, namedBy, description, inclusion, exclusion } = old;
    return { id, keptFrom: match.similarity, naming: { name, namedBy, description, inclusion, exclusion } };
  });
}

/** Which of the sample's traces the clusters held before, by their id. */
async function rowsBefore(
  clickhouse: ClickHouseClient,
  project: string,
  clusters: readonly FoundCluster[],
  texts: readonly SampleText[],
): Promise<Map<string, string[]>> {
  const rows = new Map<string, string[]>(clusters.map(({ id }) => [id, []]));
  if (clusters.length === 0) return rows;
  const assigned = await clustersOfTraces(
    clickhouse,
    project,
    texts.map(({ traces }) => traces[0]!),
  );
  for (const [trace, id] of assigned) rows.get(id)?.push(trace);
  return rows;
}

function matchable(clusters: readonly FoundCluster[], rows: ReadonlyMap<string, string[]>): MatchableCluster[] {
  return clusters.map(({ id, centre }) => ({ id, centre: Float32Array.from(centre), members: rows.get(id) ?? [] }));
}

/** This run's clusters, by their number. */
async function matchableNow(artifacts: ArtifactStore, clustering: Clustering, texts: readonly SampleText[]): Promise<MatchableCluster[]> {
  const centres = await readMatrix(artifacts, clustering.centres);
  const members = clustering.groups.map((): string[] => []);
  clustering.labels.forEach((label, i) => members[label]?.push(texts[i]!.traces[0]!));
  return members.map((own, i) => ({ id: String(i), centre: rowOf(centres, i), members: own }));
}

/** An id of what lies at its centre: the same sample gives the same ids. */
function newId(scope: string, centre: string, taken: Set<string>): string {
  for (let again = 0; ; again++) {
    const id = contentHash({ scope, centre, again }).slice(0, 12);
    if (taken.has(id)) continue;
    taken.add(id);
    return id;
  }
}
