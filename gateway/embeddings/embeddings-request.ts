import { jsonBody, requestOf, type ChatRequest } from '../chat/chat-request.ts';
import { wrong } from '../providers/chat-fields.ts';

/** More texts in one call are refused, as OpenAI does. */
const MAX_INPUTS = 2048;

/** Parses a body of `/v1/embeddings`. Throws `invalid_json`, `invalid_request` with the field's name. */
export function parseEmbeddingsRequest(text: string, metadataHeader: string | undefined, lenient: boolean): ChatRequest {
  const body = jsonBody(text);
  const { input } = body;
  if (input === undefined) throw wrong('input', 'it is missing');
  if (Array.isArray(input)) {
    if (input.length === 0) throw wrong('input', 'at least one text is needed');
    if (input.length > MAX_INPUTS) throw wrong('input', `at most ${MAX_INPUTS} texts`);
    const odd = input.findIndex((one) => typeof one !== typeof input[0] || !isInput(one));
    if (odd >= 0) throw wrong(`input[${odd}]`, 'a text, a token or a list of tokens is needed, all of one sort');
  } else if (typeof input !== 'string') throw wrong('input', 'a text or a list is needed');
  return requestOf({ text, body, messages: [], metadataHeader, lenient });
}

/** The texts of a call, for providers that know no tokens of OpenAI's. Throws `invalid_request` where it has tokens. */
export function textsOf({ body }: Pick<ChatRequest, 'body'>): string[] {
  const { input } = body;
  if (typeof input === 'string') return [input];
  const texts = (input as unknown[]).filter((one) => typeof one === 'string');
  if (texts.length !== (input as unknown[]).length) throw wrong('input', 'tokens mean something to OpenAI only: send texts');
  return texts;
}

function isInput(value: unknown): boolean {
  if (typeof value === 'string' || Number.isInteger(value)) return true;
  return Array.isArray(value) && value.length > 0 && value.every(Number.isInteger);
}
