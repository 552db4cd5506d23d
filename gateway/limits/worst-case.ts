import { attachmentsOf } from '../chat/attachments.ts';
import type { ChatRequest } from '../chat/chat-request.ts';
import { dearestShare, pricedTier } from '../providers/service-tiers.ts';
import type { Callable, Catalogue } from '../providers/catalogue.ts';
import { NO_USAGE, type Usage } from '../providers/provider.ts';

/** An answer's length where neither the caller nor anybody else sets a limit: longer than all but a few, whose rest the settlement brings. */
const UNSAID_TOKENS = 4096;
/** Bytes of a token of the prompt: about four in English, three in languages with other letters, and JSON around it. */
export const BYTES_PER_TOKEN = 3;
/** Of whatever is no text, tokens each; of what the request itself holds, but for pictures, its bytes as well. */
const ATTACHMENT_TOKENS = 2_000;

type Priced = Pick<ChatRequest, 'text' | 'body' | 'messages'>;

/** The tokens that a call may use, by what it asks for; an answer without a bound is of a usual length, or of `longest` tokens. */
export function worstUsage(request: Priced, longest = UNSAID_TOKENS): Usage {
  return { ...NO_USAGE, tokensIn: worstPrompt(request), tokensOut: worstAnswer(request, longest) };
}

function worstPrompt({ text, messages }: Priced): number {
  const bytes = Buffer.byteLength(text) - attachmentsOf(messages).imageCharacters;
  return Math.ceil(Math.max(0, bytes) / BYTES_PER_TOKEN) + ATTACHMENT_TOKENS * attachments(messages);
}

function worstAnswer({ body, messages }: Priced, longest: number): number {
  // Embeddings have no messages, and no answer in tokens.
  if (messages.length === 0) return 0;
  const answers = typeof body['n'] === 'number' && body['n'] >= 1 ? body['n'] : 1;
  return answers * (longestAsked(body) ?? longest);
}

/** The bound that the caller sets; of two the larger, for providers differ in which one they look at. */
function longestAsked(body: Priced['body']): number | null {
  const caps = [body['max_completion_tokens'], body['max_tokens']].filter((cap) => typeof cap === 'number' && cap > 0);
  return caps.length === 0 ? null : Math.max(...(caps as number[]));
}

/**
 * What a call may cost at most, US dollars: at the dearest of its targets that have a price, each by its own longest answer;
 * null where none has.
 */
export function worstUsd(targets: readonly string[], request: Priced, catalogue: Pick<Catalogue, 'find'>, tier = ''): number | null {
  let worst: number | null = null;
  const tokensIn = worstPrompt(request);
  for (const target of targets) {
    const callable = catalogue.find(target);
    if (!callable) continue;
    const { provider, model } = callable;
    const tokensOut = worstAnswer(request, provider.longestAnswer?.(model, request.body) ?? UNSAID_TOKENS);
    const usage = { ...NO_USAGE, tokensIn, tokensOut };
    const usd = tier === '' ? askedTierUsd(callable, usage, request.body['service_tier']) : provider.cost(model, usage, tier);
    if (usd !== null && (worst === null || usd > worst)) worst = usd;
  }
  return worst;
}

/** By the tier that is asked for: a provider may serve it by the default one all the same, and of the two the dearer counts. */
export function askedTierUsd({ provider, model }: Pick<Callable, 'provider' | 'model'>, usage: Usage, said: unknown): number | null {
  const usd = provider.cost(model, usage);
  const asked = pricedTier(said);
  if (usd === null || asked === '') return usd;
  return Math.max(usd, provider.cost(model, usage, asked) ?? usd * dearestShare(asked));
}

function attachments(messages: ChatRequest['messages']): number {
  let count = 0;
  for (const { content } of messages as readonly { content?: unknown }[]) {
    if (Array.isArray(content)) count += content.filter((part: { type?: unknown } | null) => part?.type !== 'text').length;
  }
  return count;
}
