import { workerData } from 'node:worker_threads';
import { type InspectedRows, inspectRows } from '../../core/dataset/inspect-rows.ts';
import { createOnnxDense } from '../../serving/onnx-dense.ts';
import { serveThread } from '../../serving/serve-thread.ts';

// All pairs of rows keep a core busy for minutes: on a thread of its own, so that heartbeats go on.
serveThread(async () => {
  const dense = await createOnnxDense((workerData as { threads: number }).threads);
  return { handle: (rows: InspectedRows) => inspectRows(dense, rows), close: () => dense.close() };
});
