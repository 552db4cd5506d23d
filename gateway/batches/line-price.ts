import type { Message } from '../../contracts/chat.ts';
import { usageOf } from '../chat/completion-facts.ts';
import { worstUsd } from '../limits/worst-case.ts';
import { mediaFactsOf } from '../passthrough/media-usage.ts';
import { OPERATIONS } from '../passthrough/operations.ts';
import { isObject } from '../providers/chat-fields.ts';
import type { Provider, Usage } from '../providers/provider.ts';
import { BATCH_TIER } from '../providers/service-tiers.ts';

/** A line of a batch's file. */
export interface AskedLine {
  /** The batch's: a path of OpenAI's. */
  endpoint: string;
  /** All of it. */
  line: string;
  model: string;
  body: Readonly<Record<string, unknown>>;
}

/** What a line may cost at most, US dollars, in a batch; null where nobody knows. Sized as a call of its own would be. */
export function worstOfLine(provider: Provider, { endpoint, line, model, body }: AskedLine): number | null {
  const operation = OPERATIONS.find(({ path }) => endpoint === `/v1${path}`);
  if (operation) {
    const files = Array.isArray(body['images']) ? body['images'].length : null;
    const usage = operation.worst({ fields: body, files, bytes: Buffer.byteLength(line), isOpen: false });
    return provider.mediaCost?.(model, usage, BATCH_TIER) ?? null;
  }
  const target = `${provider.id}/${model}`;
  const request = { text: line, messages: endpoint === '/v1/embeddings' ? [] : messagesOf(body), body: { ...body, ...boundOf(body) } };
  return worstUsd([target], request, { find: () => ({ target, provider, model }) }, BATCH_TIER);
}

/** As chat has them. */
function messagesOf({ messages, input }: AskedLine['body']): readonly Message[] {
  if (Array.isArray(messages)) return messages as Message[];
  // Of `/v1/responses`: its texts have names of their own.
  if (Array.isArray(input) && input.some(isObject)) {
    const text = (part: unknown) => (isObject(part) && String(part['type']).endsWith('_text') ? { ...part, type: 'text' } : part);
    return input.map((item) =>
      isObject(item) && Array.isArray(item['content']) ? { ...item, content: item['content'].map(text) } : item,
    ) as Message[];
  }
  return [{ role: 'user', content: '' }];
}

/** The bound of `/v1/responses` as chat calls it, and as many answers as `/v1/completions` gives to several prompts. */
function boundOf({ max_output_tokens: bound, prompt, n }: AskedLine['body']): Record<string, unknown> {
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? prompt.length : 1;
  return {
    ...(typeof bound === 'number' ? { max_completion_tokens: bound } : {}),
    ...(prompts > 1 ? { n: prompts * (typeof n === 'number' ? n : 1) } : {}),
  };
}

/** What an answer in a batch used, and what that costs in US dollars; null each where nobody knows. */
export interface LinePrice {
  usage: Usage | null;
  costUsd: number | null;
}

const UNKNOWN: LinePrice = { usage: null, costUsd: null };

/** Prices an answer, or what all answers of a batch used together, by the first of these models that has a price. */
export function linePrice(provider: Provider, models: readonly string[], endpoint: string, body: unknown): LinePrice {
  if (!isObject(body)) return UNKNOWN;
  const priced = (cost: (model: string) => number | null | undefined): number | null => {
    for (const model of models) {
      const usd = cost(model);
      if (usd != null) return usd;
    }
    return null;
  };
  if (OPERATIONS.some(({ path }) => endpoint === `/v1${path}`)) {
    const { usage } = mediaFactsOf(body);
    return usage ? { usage, costUsd: priced((model) => provider.mediaCost?.(model, usage, BATCH_TIER)) } : UNKNOWN;
  }
  const usage = tokensIn(body['usage']);
  return usage ? { usage, costUsd: priced((model) => provider.cost(model, usage, BATCH_TIER)) } : UNKNOWN;
}

/** In the words of chat, or in those of `/v1/responses` and of a batch. null where it says nothing. */
function tokensIn(said: unknown): Usage | null {
  if (!isObject(said)) return null;
  if (said['prompt_tokens'] !== undefined) return usageOf({ ...said, completion_tokens: said['completion_tokens'] ?? 0 });
  if (said['input_tokens'] === undefined) return null;
  return usageOf({
    prompt_tokens: said['input_tokens'],
    completion_tokens: said['output_tokens'] ?? 0,
    prompt_tokens_details: said['input_tokens_details'],
    completion_tokens_details: said['output_tokens_details'],
  });
}

/** Adds up tokens; those with prices of their own are in the prices already. */
export function addUsage(sum: Usage, { tokensIn, tokensOut, tokensCached, tokensCacheWrite, tokensReasoning }: Usage): Usage {
  return {
    tokensIn: sum.tokensIn + tokensIn,
    tokensOut: sum.tokensOut + tokensOut,
    tokensCached: sum.tokensCached + tokensCached,
    tokensCacheWrite: sum.tokensCacheWrite + tokensCacheWrite,
    tokensReasoning: sum.tokensReasoning + tokensReasoning,
  };
}
