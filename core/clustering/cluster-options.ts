/** What people and schedules may set of a clustering; every field has a default. */
export interface ClusterOptions {
  /** So many clusters, instead of a number that is found. Fewer come out where there are fewer different vectors. */
  clusters?: number;
  /** 0 (few, wide) to 1 (many, narrow); default 0.5, the embedder's own calibrated cohesion. */
  granularity?: number;
  /** The found number never passes it; default: twice the root of the number of different vectors, at most 200. */
  maxClusters?: number;
  /** Smaller groups go to the nearest cluster; default 2. One alone is never a cluster unless it is all there is. */
  minSize?: number;
  /**
   * Mean cosine within clusters that the found number has to reach at granularity 0.5: a property of the embedder
   * (`calibratedCohesion`). `relative` for one that was not calibrated: `RELATIVE_COHESION`. Default: MiniLM's.
   */
  cohesion?: number | 'relative';
  /** Different vectors that are clustered; of more a sample stands for all and the rest is assigned. Default 20,000. */
  sample?: number;
}

/**
 * Cohesion of MiniLM's vectors (all-MiniLM-L6-v2, int8 per channel): where clusters of Banking77's training messages agree
 * best with their labels (`npm run bench:clusters -- --calibrate`).
 */
export const MINILM_COHESION = 0.615;

/** How far granularity moves the cohesion from end to end. */
const GRANULARITY_SPAN = 0.4;

/**
 * Where an embedder's cohesion lies between the mean cosine of all vectors (0) and of each with its five nearest (1): MiniLM's
 * lies at .56 to .73 on draws of Banking77's training messages, .64 on average (docs/clusters.md). A rule of thumb.
 */
export const RELATIVE_COHESION = 0.64;

/** What is known of an embedder's cohesion, for `ClusterOptions`. */
export function calibratedCohesion(embedder: { name: string; cohesion?: number | undefined }): number | 'relative' {
  return embedder.cohesion ?? (embedder.name === 'all-MiniLM-L6-v2' ? MINILM_COHESION : 'relative');
}

/** The cohesion to reach from the embedder's. */
export function cohesionAt(cohesion: number, granularity = 0.5): number {
  return cohesion + (Math.min(1, Math.max(0, granularity)) - 0.5) * GRANULARITY_SPAN;
}

/** The most clusters for so many different vectors. */
export function clusterCap({ maxClusters }: ClusterOptions, rows: number): number {
  return Math.max(1, maxClusters ?? Math.min(200, Math.ceil(2 * Math.sqrt(rows))));
}
