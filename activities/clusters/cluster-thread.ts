import { workerData } from 'node:worker_threads';
import { clusterVectors } from '../../core/clustering/cluster-vectors.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';
import type { ClusterRequest } from './cluster-on-thread.ts';

// Twenty thousand prompts keep a core busy for most of a minute: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return {
    handle: ({ vectors, options, ...traits }: ClusterRequest) => clusterVectors(dense, vectors, options, traits),
    close: () => dense.close(),
  };
});
