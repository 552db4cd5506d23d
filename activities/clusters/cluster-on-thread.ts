import { availableParallelism } from 'node:os';
import { calibratedCohesion, type ClusterOptions } from '../../core/clustering/cluster-options.ts';
import type { Clustering } from '../../core/clustering/cluster-vectors.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
import type { Logger } from '../../platform/logger.ts';
import type { StagePulse } from '../encoder/encoder-deps.ts';
import { onThread } from '../encoder/on-thread.ts';

/** What the thread is asked. */
export interface ClusterRequest {
  /** A row a trace, or a skeleton; backed by shared memory it is not copied. */
  vectors: Matrix;
  options: ClusterOptions;
  /** How many traces a row stands for. */
  weights?: Float64Array;
  /** Identity of each row's system prompt. */
  systems?: string[];
}

/** Beside what the thread is asked: what made the vectors, for its cohesion. */
export type ClusterJob = ClusterRequest & { embedder?: { name: string; cohesion?: number | undefined } };

/** `clusterVectors` on a thread of its own, ended where `pulse` says so; the caller's event loop goes on. */
export function clusterOnThread(job: ClusterJob, deps: { log: Logger; threads?: number }, pulse: StagePulse): Promise<Clustering> {
  const { log, threads = availableParallelism() } = deps;
  const { embedder, ...request } = job;
  const options = { ...(embedder && { cohesion: calibratedCohesion(embedder) }), ...request.options };
  const thread = { program: new URL('./cluster-thread.ts', import.meta.url), threads, name: 'clustering', log };
  return onThread<Clustering>(thread, { ...request, options, vectors: shared(request.vectors) }, pulse);
}

/** In memory that threads share: writing 30 MB into a message would hold the event loop up for a tenth of a second. */
function shared(matrix: Matrix): Matrix {
  if (matrix.data.buffer instanceof SharedArrayBuffer) return matrix;
  const data = new Float32Array(new SharedArrayBuffer(matrix.data.byteLength));
  data.set(matrix.data);
  return { ...matrix, data };
}
