import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject, wrong } from '../chat-fields.ts';
import type { EmbeddingsDialect } from '../dialect.ts';

/** The API wants to know what texts are for, which OpenAI's does not say: they are taken for documents to be found. */
const INPUT_TYPE = 'search_document';
/** More texts in one call are refused there. */
const MOST_TEXTS = 96;

/** What `/embed` is asked, here and at Bedrock, but for the model. Throws `invalid_request` with the field's name. */
export function cohereEmbedFields(
  texts: readonly string[],
  { dimensions, input_type: inputType }: Readonly<Record<string, unknown>>,
): object {
  if (texts.length > MOST_TEXTS) throw wrong('input', `Cohere takes at most ${MOST_TEXTS} texts in a call`);
  return {
    texts,
    input_type: typeof inputType === 'string' ? inputType : INPUT_TYPE,
    embedding_types: ['float'],
    ...(dimensions == null ? {} : { output_dimension: dimensions }),
  };
}

/** `POST /embed` (https://docs.cohere.com/reference/embed). */
export const cohereEmbeddings: EmbeddingsDialect = Object.freeze({
  request: (model, texts, body) => ({ path: '/embed', body: JSON.stringify({ model, ...cohereEmbedFields(texts, body) }) }),
  answer(answer) {
    const embeddings = isObject(answer) && isObject(answer['embeddings']) ? answer['embeddings']['float'] : undefined;
    if (!Array.isArray(embeddings)) throw new StillhouseError('upstream_invalid', 'Cohere answered with no embeddings');
    const meta = isObject(answer) && isObject(answer['meta']) ? answer['meta'] : {};
    const billed = isObject(meta['billed_units']) ? meta['billed_units']['input_tokens'] : undefined;
    return { vectors: embeddings as number[][], tokens: typeof billed === 'number' ? billed : null };
  },
} satisfies EmbeddingsDialect);
