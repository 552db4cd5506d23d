import type { ArtifactRef } from '../../contracts/identifiers.ts';
import type { FoundGroup, MapPoint } from '../../core/clusters/describe-groups.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import { type MatrixRef, readJson } from './work-files.ts';

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
