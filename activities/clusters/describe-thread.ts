import { workerData } from 'node:worker_threads';
import type { Clustering } from '../../core/clustering/cluster-vectors.ts';
import { type AnsweredText, describeGroups } from '../../core/clusters/describe-groups.ts';
import type { Matrix } from '../../core/learning/matrix.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';

/** What the thread is asked. */
export interface DescribeRequest {
  vectors: Matrix;
  clustering: Clustering;
  /** Arrays of texts as JSON: read here, for thousands of objects take long to be sent. */
  texts: Uint8Array[];
  /** Of the map. */
  seed: number;
}

// Keywords and a map of thousands of texts take seconds: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return {
    handle({ vectors, clustering, texts, seed }: DescribeRequest) {
      const answered = texts.flatMap((portion) => JSON.parse(Buffer.from(portion).toString('utf8')) as AnsweredText[]);
      return describeGroups(dense, vectors, clustering, answered, seed);
    },
    close: () => dense.close(),
  };
});
