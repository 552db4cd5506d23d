import type { InferenceSession } from 'onnxruntime-node';
import type { Dense } from '../core/learning/dense.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { loadOnnxRuntime, openOnnxSession } from './onnx-session.ts';

/** Matrix products by ONNX Runtime's kernels: a graph of a single `Gemm` for each kind of product. */
export async function createOnnxDense(threads: number): Promise<Dense & { close(): Promise<void> }> {
  const { Tensor } = await loadOnnxRuntime();
  const sessions = new Map<number, Promise<InferenceSession>>();
  const sessionOf = (transA: number, transB: number) => {
    const kind = transA * 2 + transB;
    const known = sessions.get(kind);
    if (known) return known;
    const opened = openOnnxSession(gemm(transA, transB), threads);
    sessions.set(kind, opened);
    return opened;
  };
  return {
    product: async (a, b, { transposeA = false, transposeB = false } = {}) => {
      const session = await sessionOf(Number(transposeA), Number(transposeB));
      const feeds = { a: new Tensor('float32', a.data, [a.rows, a.columns]), b: new Tensor('float32', b.data, [b.rows, b.columns]) };
      const { c } = await session.run(feeds);
      return { rows: c!.dims[0]!, columns: c!.dims[1]!, data: c!.data as Float32Array };
    },
    close: async () => {
      for (const session of sessions.values()) await (await session).release();
    },
  };
}

function gemm(transA: number, transB: number): Uint8Array {
  return encodeOnnxModel({
    nodes: [{ opType: 'Gemm', input: ['a', 'b'], output: ['c'], attributes: { transA, transB } }],
    inputs: [
      { name: 'a', shape: ['ar', 'ac'] },
      { name: 'b', shape: ['br', 'bc'] },
    ],
    outputs: [{ name: 'c', shape: ['cr', 'cc'] }],
  });
}
