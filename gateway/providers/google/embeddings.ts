import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject, wrong } from '../chat-fields.ts';
import type { EmbeddingsDialect } from '../dialect.ts';
import { modelPath } from './request.ts';

/** `batchEmbedContents` (https://ai.google.dev/api/embeddings). It counts no tokens. */
export const googleEmbeddings: EmbeddingsDialect = Object.freeze({
  request(model, texts, body) {
    const { dimensions } = body;
    if (dimensions != null && !Number.isInteger(dimensions)) throw wrong('dimensions', 'a whole number is needed');
    const requests = texts.map((text) => ({
      model: `models/${model.replace(/^models\//, '')}`,
      content: { parts: [{ text }] },
      ...(dimensions == null ? {} : { outputDimensionality: dimensions }),
    }));
    return { path: `${modelPath(model)}:batchEmbedContents`, body: JSON.stringify({ requests }) };
  },
  answer(answer) {
    const list = isObject(answer) && Array.isArray(answer['embeddings']) ? answer['embeddings'] : [];
    if (list.length === 0) throw new StillhouseError('upstream_invalid', 'Google answered with no embeddings');
    return { vectors: list.map(vectorOf), tokens: null };
  },
} satisfies EmbeddingsDialect);

function vectorOf(embedding: unknown): number[] {
  const values = isObject(embedding) ? embedding['values'] : undefined;
  if (!Array.isArray(values) || values.length === 0 || !values.every((one) => typeof one === 'number'))
    throw new StillhouseError('upstream_invalid', 'Google answered with an embedding that is no vector');
  return values as number[];
}
