import { workerData } from 'node:worker_threads';
import { learnEncoder, type LearnInput } from '../../core/learning/learn-encoder.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';

// Learning keeps a core busy for seconds to minutes: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return {
    handle: (request: LearnInput) => learnEncoder(dense, request),
    close: () => dense.close(),
  };
});
