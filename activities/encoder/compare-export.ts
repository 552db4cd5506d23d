import { plainDense } from '../../core/learning/dense.ts';
import { scoreVectors } from '../../core/learning/encoder-scorer.ts';
import type { ArtifactRef } from '../../contracts/identifiers.ts';
import { openEmbedder, openTokenizer } from '../../serving/embedder.ts';
import { createEncoderPool } from '../../serving/encoder-pool.ts';
import { loadEncoderStudent } from '../../serving/encoder-student.ts';
import { loadOnnxRuntime, openOnnxSession } from '../../serving/onnx-session.ts';
import type { EncoderDeps, StagePulse } from './encoder-deps.ts';
import { PROBABILITIES } from './self-contained-onnx.ts';

/**
 * The largest difference of a probability, over texts: between what a gateway would answer from the manifest and the
 * formula in plain JavaScript, and between the self-contained model and the head alone.
 */
export async function compareExport(
  deps: EncoderDeps,
  manifest: ArtifactRef,
  onnx: Uint8Array,
  texts: readonly string[],
  pulse: StagePulse,
): Promise<number> {
  const { manifest: stated, scorer } = await loadEncoderStudent(deps.artifacts, manifest);
  const { maxTokens } = stated.embedder;
  const ort = await loadOnnxRuntime();
  const session = await openOnnxSession(onnx, 1);
  const encode = await openTokenizer(deps.embedderFolder, maxTokens);
  const embedder = await openEmbedder(deps.embedderFolder);
  const pool = createEncoderPool(deps);
  let largest = 0;
  try {
    for (const text of texts) {
      pulse.signal.throwIfAborted();
      const { vector } = await embedder.embed(text);
      const row = { rows: 1, columns: vector.length, data: vector };
      const served = await pool.classify(manifest, text);
      largest = Math.max(largest, difference(served.probabilities, (await scoreVectors(plainDense, scorer, row)).data));
      const ids = encode(text);
      const output = await session.run({
        input_ids: new ort.Tensor('int64', BigInt64Array.from(ids, BigInt), [1, ids.length]),
        attention_mask: new ort.Tensor('int64', new BigInt64Array(ids.length).fill(1n), [1, ids.length]),
      });
      const alone = await scoreVectors(plainDense, { ...scorer, neighbours: null }, row);
      largest = Math.max(largest, difference(output[PROBABILITIES]!.data as Float32Array, alone.data));
      pulse.progress();
    }
  } finally {
    await pool.close();
    await embedder.close();
    await session.release();
  }
  return largest;
}

function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Infinity;
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
