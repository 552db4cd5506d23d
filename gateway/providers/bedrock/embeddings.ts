import { StillhouseError } from '../../../contracts/errors.ts';
import { cannot, isObject } from '../chat-fields.ts';
import { cohereEmbedFields, cohereEmbeddings } from '../cohere/embeddings.ts';

type Body = Readonly<Record<string, unknown>>;

/** Vectors in the texts' order, and the tokens that were read; null where nobody counted. */
interface Vectors {
  vectors: number[][];
  tokens: number | null;
}

/** Titan reads one text in a call: so many calls at once. */
const AT_ONCE = 8;

/**
 * Vectors of texts by Amazon's Titan or by Cohere's Embed, which `invoke` asks (https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html,
 * …/model-parameters-embed.html). Throws `invalid_request` for another model, `upstream_invalid` for an answer that is none.
 */
export async function bedrockVectors(
  model: string,
  texts: readonly string[],
  body: Body,
  invoke: (body: object) => Promise<unknown>,
): Promise<Vectors> {
  if (/\bcohere\.embed/.test(model)) return cohereEmbeddings.answer(await invoke(cohereEmbedFields(texts, body)));
  if (/\btitan-embed-text/.test(model)) return titanVectors(texts, titanFields(model, body), invoke);
  throw cannot('Bedrock', 'model', `embeddings with ${model}`);
}

/** The first version has one length. */
function titanFields(model: string, { dimensions }: Body): object {
  if (dimensions == null) return {};
  if (/\btitan-embed-text-v1/.test(model)) throw cannot('Bedrock', 'dimensions', `'dimensions' with ${model}`);
  return { dimensions };
}

async function titanVectors(texts: readonly string[], fields: object, invoke: (body: object) => Promise<unknown>): Promise<Vectors> {
  const vectors: number[][] = [];
  let tokens: number | null = 0;
  let next = 0;
  const work = async () => {
    for (let at = next++; at < texts.length; at = next++) {
      const answer = await invoke({ inputText: texts[at], ...fields });
      if (!isObject(answer) || !Array.isArray(answer['embedding']))
        throw new StillhouseError('upstream_invalid', 'Bedrock answered with no embedding');
      vectors[at] = answer['embedding'] as number[];
      const counted = answer['inputTextTokenCount'];
      tokens = tokens !== null && typeof counted === 'number' ? tokens + counted : null;
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, texts.length) }, work));
  return { vectors, tokens };
}
