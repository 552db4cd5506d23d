import type { ChatRequest } from '../chat/chat-request.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import { NO_USAGE, type Usage } from '../providers/provider.ts';

/** An answer's length where the caller sets no limit: longer than all but a few, whose rest the settlement brings. */
const UNSAID_TOKENS = 4096;
/** Bytes of a token of the prompt: about four in English, three in languages with other letters, and JSON around it. */
const BYTES_PER_TOKEN = 3;
/** Of images and sound that are named by an address, tokens each. */
const ATTACHMENT_TOKENS = 2_000;

type Priced = Pick<ChatRequest, 'text' | 'body' | 'messages'>;

/** The tokens that a call may use at most, by what it asks for. */
export function worstUsage({ text, body, messages }: Priced): Usage {
  const cap = body['max_completion_tokens'] ?? body['max_tokens'];
  // Embeddings have no messages, and no answer in tokens.
  if (messages.length === 0) return { ...NO_USAGE, tokensIn: Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) };
  const answers = typeof body['n'] === 'number' && body['n'] >= 1 ? body['n'] : 1;
  const each = typeof cap === 'number' && cap > 0 ? cap : UNSAID_TOKENS;
  const tokensIn = Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN) + ATTACHMENT_TOKENS * attachments(messages);
  return { ...NO_USAGE, tokensIn, tokensOut: answers * each };
}

/** What that costs at the dearest of the targets that have a price, US dollars; null where none has. */
export function worstUsd(targets: readonly string[], usage: Usage, catalogue: Pick<Catalogue, 'find'>): number | null {
  let worst: number | null = null;
  for (const target of targets) {
    const callable = catalogue.find(target);
    const usd = callable?.provider.cost(callable.model, usage) ?? null;
    if (usd !== null && (worst === null || usd > worst)) worst = usd;
  }
  return worst;
}

function attachments(messages: ChatRequest['messages']): number {
  let count = 0;
  for (const { content } of messages as readonly { content?: unknown }[]) {
    if (Array.isArray(content)) count += content.filter((part: { type?: unknown } | null) => part?.type !== 'text').length;
  }
  return count;
}
