import type * as OnnxRuntime from 'onnxruntime-node';

/** The engine, loaded when it is first needed: 290 MB that most processes never touch. */
export function loadOnnxRuntime(): Promise<typeof OnnxRuntime> {
  return import('onnxruntime-node');
}

/** Opens a model on the CPU. Idle threads sleep instead of spinning: other work shares the cores. */
export async function openOnnxSession(model: string | Uint8Array, threads: number): Promise<OnnxRuntime.InferenceSession> {
  const ort = await loadOnnxRuntime();
  const options: OnnxRuntime.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  return typeof model === 'string' ? ort.InferenceSession.create(model, options) : ort.InferenceSession.create(model, options);
}
