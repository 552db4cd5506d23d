import { workerData } from 'node:worker_threads';
import { keepConsistent } from '../../core/learning/clean-up.ts';
import type { LabelledRows } from '../../core/learning/labelled-rows.ts';
import { seededRandom } from '../../core/random.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';

/** What the thread is asked. */
export interface CleanRequest {
  rows: LabelledRows;
  /** Inverse strength of the head's regularisation. */
  c: number;
  seed: number;
}

// Five heads and all neighbours keep a core busy for seconds: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return {
    handle: ({ rows, c, seed }: CleanRequest) => keepConsistent(dense, rows, c, seededRandom(seed)),
    close: () => dense.close(),
  };
});
