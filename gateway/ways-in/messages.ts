import { estimateTokens } from '../chat/completion-facts.ts';
import { messagesAnswer, messagesError } from './messages/answer.ts';
import { MessageFrames } from './messages/frames.ts';
import { messagesToChat } from './messages/request.ts';
import type { WayIn } from './way-in.ts';

/** Anthropic's Messages (https://docs.anthropic.com/en/api/messages), for clients that speak it. */
export const messagesWayIn: WayIn = Object.freeze({
  name: 'messages',
  toChat: messagesToChat,
  fromCompletion: messagesAnswer,
  frames: (_asked, traceId) => new MessageFrames(traceId),
  error: messagesError,
} satisfies WayIn);

/** `/v1/messages/count_tokens`: an estimate of four bytes a token, for the target may be anybody's model. */
export function countTokens(body: Readonly<Record<string, unknown>>): { input_tokens: number } {
  const { messages } = messagesToChat({ max_tokens: 1, ...body });
  return { input_tokens: estimateTokens(JSON.stringify([messages, body['tools'] ?? []])) };
}
