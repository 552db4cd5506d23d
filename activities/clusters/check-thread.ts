import { workerData } from 'node:worker_threads';
import { type CheckedGroups, proposeMerges, proposeSplits } from '../../core/clusters/propose-checks.ts';
import { type AnsweredText, describeGroups } from '../../core/clusters/describe-groups.ts';
import { regroupVectors } from '../../core/clustering/cluster-vectors.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';

/** What the thread is asked. */
export type CheckRequest =
  | { step: 'splits'; groups: CheckedGroups; spared: number[]; most: number }
  | { step: 'merges'; groups: CheckedGroups; apart: [number, number][]; most: number }
  /** `texts`: arrays of texts as JSON, as `describe-thread.ts` takes them. */
  | { step: 'regroup'; groups: CheckedGroups; traits: { weights: Float64Array; systems: string[] }; texts: Uint8Array[]; seed: number };

// Halves of all clusters, and a map anew, take seconds: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return {
    async handle(request: CheckRequest) {
      const { groups } = request;
      switch (request.step) {
        case 'splits':
          return proposeSplits(dense, groups, new Set(request.spared), request.most);
        case 'merges':
          return proposeMerges(groups, request.apart, request.most);
        case 'regroup': {
          const clustering = regroupVectors(groups.vectors, groups.labels, request.traits);
          const texts = request.texts.flatMap((portion) => JSON.parse(Buffer.from(portion).toString('utf8')) as AnsweredText[]);
          return { clustering, ...(await describeGroups(dense, groups.vectors, clustering, texts, request.seed)) };
        }
      }
    },
    close: () => dense.close(),
  };
});
