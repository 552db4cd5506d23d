import type { EncoderScorer } from '../../core/learning/encoder-scorer.ts';
import { appendToOnnxModel } from '../../serving/onnx-model.ts';

/** Output of the self-contained model: probabilities of the labels, in their order. */
export const PROBABILITIES = 'probabilities';

/**
 * The embedder's model with the head behind it: token ids in, probabilities out, for any ONNX runtime. The temperature
 * is divided into the weights; neighbours are not in it.
 */
export function selfContainedOnnx(embedderModel: Uint8Array, { head, temperature }: EncoderScorer): Buffer {
  const { rows: labels, columns: dimensions } = head.weights;
  const scaled = (data: Float32Array) => data.map((value) => value / temperature);
  return appendToOnnxModel(embedderModel, {
    nodes: [
      {
        opType: 'Gemm',
        input: ['sentence_embedding', 'student.weights', 'student.bias'],
        output: ['student.logits'],
        attributes: { transB: 1 },
      },
      { opType: 'Softmax', input: ['student.logits'], output: [PROBABILITIES], attributes: { axis: -1 } },
    ],
    initializers: [
      { name: 'student.weights', shape: [labels, dimensions], data: scaled(head.weights.data) },
      { name: 'student.bias', shape: [labels], data: scaled(head.bias) },
    ],
    outputs: [{ name: PROBABILITIES, shape: ['b', labels] }],
  });
}
