import { workerData } from 'node:worker_threads';
import { type EncoderScorer, scoreVectors } from '../core/learning/encoder-scorer.ts';
import { largestAt } from '../core/learning/matrix.ts';
import { openEmbedder } from './embedder.ts';
import { createOnnxDense } from './onnx-dense.ts';
import { serveThread } from './serve-thread.ts';

/** What the thread is asked. */
export type EncoderRequest =
  | { type: 'load'; student: string; scorer: EncoderScorer }
  | { type: 'drop'; student: string }
  | { type: 'warm' }
  | { type: 'classify'; student: string; text: string }
  | { type: 'embed'; texts: string[] };

/** Answer to `classify`. */
export interface ThreadClassification {
  /** Place of the most probable label. */
  label: number;
  /** Of every label. */
  probabilities: Float32Array;
  tokens: number;
  /** Time of the computation, without waiting. */
  computeMs: number;
}

// One embedder for all students of the thread, one engine thread: the pool's size is what uses more cores.
serveThread(async () => {
  const { folder } = workerData as { folder: string };
  const embedder = await openEmbedder(folder);
  const dense = await createOnnxDense(1);
  const students = new Map<string, EncoderScorer>();

  const classify = async (student: string, text: string): Promise<ThreadClassification> => {
    const began = performance.now();
    const { vector, tokens } = await embedder.embed(text);
    const probabilities = (await scoreVectors(dense, students.get(student)!, { rows: 1, columns: vector.length, data: vector })).data;
    return { label: largestAt(probabilities), probabilities, tokens, computeMs: performance.now() - began };
  };
  const embed = async (texts: string[]): Promise<Float32Array> => {
    const vectors = new Float32Array(texts.length * embedder.info.dimensions);
    for (const [i, text] of texts.entries()) vectors.set((await embedder.embed(text)).vector, i * embedder.info.dimensions);
    return vectors;
  };
  return {
    handle: async (request: EncoderRequest) => {
      switch (request.type) {
        case 'load':
          students.set(request.student, request.scorer);
          return null;
        case 'drop':
          students.delete(request.student);
          return null;
        case 'warm':
          // The engine lays out its memory in its first run.
          await embedder.embed('warm');
          return null;
        case 'classify':
          return classify(request.student, request.text);
        case 'embed':
          return embed(request.texts);
      }
    },
    close: async () => {
      await embedder.close();
      await dense.close();
    },
  };
});
