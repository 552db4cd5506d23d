import { type ChatRequest, editedRequest } from './chat-request.ts';
import { estimateTokens } from './completion-facts.ts';

const BOUNDS = ['max_completion_tokens', 'max_tokens'];

/** The request for what is left of an answer that has begun with `prefix`: a bound of tokens is less by those that have come. */
export function continuedRequest(request: ChatRequest, prefix: string): ChatRequest {
  const bounds = BOUNDS.filter((field) => Number.isInteger(request.body[field]));
  if (bounds.length === 0) return request;
  const come = estimateTokens(prefix);
  return editedRequest(request, Object.fromEntries(bounds.map((field) => [field, Math.max(1, (request.body[field] as number) - come)])));
}
