import { StillhouseError } from '../../contracts/errors.ts';
import { estimateTokens } from '../chat/completion-facts.ts';
import { textsOf } from '../embeddings/embeddings-request.ts';
import type { Dialect, EmbeddingsDialect } from './dialect.ts';
import { faultAnswer, jsonOf } from './openai-fault.ts';
import type { ProviderAnswer, ProviderCall } from './provider.ts';

interface Parts {
  dialect: Pick<Dialect, 'error'>;
  embeddings: EmbeddingsDialect;
  call: ProviderCall;
  id: string;
}

/** A provider's vectors in OpenAI's shape, as numbers or, where the caller wants that, as base64 of 32-bit floats. Throws `upstream_invalid`. */
export function embeddingsAnswer(answer: ProviderAnswer, { dialect, embeddings, call, id }: Parts): ProviderAnswer {
  if (answer.form !== 'whole') throw new StillhouseError('upstream_invalid', `Provider "${id}" answered embeddings with a stream`);
  if (answer.status >= 400) return faultAnswer(answer, dialect);
  const headers = { ...answer.headers, 'content-type': 'application/json' };
  return { ...answer, headers, text: vectorsText(embeddings.answer(jsonOf(answer.text)), call, id) };
}

/** Vectors in OpenAI's shape. Throws `upstream_invalid` where there are more or fewer of them than texts. */
export function vectorsText({ vectors, tokens }: ReturnType<EmbeddingsDialect['answer']>, call: ProviderCall, id: string): string {
  const texts = textsOf(call.request).length;
  // Vectors belong to texts by their places alone.
  if (vectors.length !== texts)
    throw new StillhouseError('upstream_invalid', `Provider "${id}" answered ${texts} texts with ${vectors.length} vectors`);
  const inBase64 = call.request.body['encoding_format'] === 'base64';
  const data = vectors.map((vector, index) => ({ object: 'embedding', index, embedding: inBase64 ? base64Of(vector) : vector }));
  const counted = tokens ?? estimateTokens(JSON.stringify(call.request.body['input']));
  const usage = { prompt_tokens: counted, total_tokens: counted };
  return JSON.stringify({ object: 'list', data, model: call.model, usage });
}

function base64Of(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64');
}
