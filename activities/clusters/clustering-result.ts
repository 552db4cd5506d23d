import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { CheckDecision } from '../../core/clusters/check-borders.ts';
import type { GroupedVectors } from '../../core/clustering/cluster-vectors.ts';
import type { describeGroups, FoundGroup, MapPoint } from '../../core/clusters/describe-groups.ts';
import { stackRows } from '../../core/learning/matrix.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type MatrixRef, putMatrix, readJson } from './work-files.ts';

/** What the sample's vectors came to. */
export interface Clustering {
  groups: FoundGroup[];
  /** Of each text: its cluster, its cosine to the centre, and whether it is an outlier. */
  labels: number[];
  similarities: number[];
  outliers: boolean[];
  /** Some texts and where they lie on the map. */
  points: MapPoint[];
  /** A row a cluster, and last the mean of all: what `assignVector` works with. */
  centres: MatrixRef;
  warnings: string[];
  /** What came of the model's look at the borders; absent: it had none. */
  checks?: CheckDecision[];
}

/** What `describeGroups` says of groups. */
export type Described = Awaited<ReturnType<typeof describeGroups>>;

/** Groups and what is said of them as they are kept; the centres are stored under `centresKey`. */
export async function storedClustering(
  artifacts: ArtifactStore,
  centresKey: string,
  { assignment, similarity, outlier, mean }: GroupedVectors,
  { groups, points, centres }: Described,
): Promise<Omit<Clustering, 'warnings'>> {
  return {
    groups,
    labels: [...assignment],
    similarities: [...similarity],
    outliers: Array.from(outlier, (flag) => flag === 1),
    points,
    centres: await putMatrix(artifacts, centresKey, stackRows(centres, { rows: 1, columns: mean.length, data: mean })),
  };
}

/** The clustering by reference. */
export interface Clustered {
  clustering: ArtifactRef;
  clusters: number;
  warnings: string[];
}

export function readClustering(artifacts: ArtifactStore, { clustering }: Pick<Clustered, 'clustering'>): Promise<Clustering> {
  return readJson<Clustering>(artifacts, clustering);
}
