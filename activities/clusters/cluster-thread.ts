import { workerData } from 'node:worker_threads';
import type { ClusterOptions } from '../../core/clustering/cluster-options.ts';
import { clusterVectors } from '../../core/clustering/cluster-vectors.ts';
import { type AnsweredText, describeGroups } from '../../core/clusters/describe-groups.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';

/** What the thread is asked. */
export interface ClusterThreadRequest {
  vectors: Matrix;
  texts: AnsweredText[];
  options: ClusterOptions;
}

// A tree over 20,000 vectors keeps a core busy for minutes: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return {
    async handle({ vectors, texts, options }: ClusterThreadRequest) {
      const weights = texts.map(({ count }) => count);
      const clustering = await clusterVectors(dense, vectors, options, weights);
      return { clustering, described: await describeGroups(dense, vectors, clustering, texts) };
    },
    close: () => dense.close(),
  };
});
