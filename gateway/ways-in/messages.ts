import { CHARACTERS_PER_DOCUMENT_TOKEN, TOKENS_PER_IMAGE } from '../chat/attachments.ts';
import { estimateTokens } from '../chat/completion-facts.ts';
import { messagesAnswer, messagesError } from './messages/answer.ts';
import { MessageFrames } from './messages/frames.ts';
import { MESSAGES_FIELDS, messagesToChat } from './messages/request.ts';
import type { WayIn } from './way-in.ts';

/** Anthropic's Messages (https://docs.anthropic.com/en/api/messages), for clients that speak it. */
export const messagesWayIn: WayIn = Object.freeze({
  name: 'messages',
  toChat: messagesToChat,
  fields: MESSAGES_FIELDS,
  fieldNames: [
    [/^messages\b.*$/, 'messages'],
    [/^max_completion_tokens$/, 'max_tokens'],
    [/^stop$/, 'stop_sequences'],
    [/^response_format(?:\.json_schema)?/, 'output_config.format'],
    [/^reasoning_effort$/, 'thinking'],
    [/^parallel_tool_calls$/, 'tool_choice.disable_parallel_tool_use'],
    [/^(tools\[\d+\])\.function\.parameters/, '$1.input_schema'],
    [/^(tools\[\d+\])\.function/, '$1'],
  ],
  fromCompletion: messagesAnswer,
  frames: (_asked, traceId) => new MessageFrames(traceId),
  error: messagesError,
} satisfies WayIn);

/** `/v1/messages/count_tokens`: an estimate of four bytes a token, for the target may be anybody's model. */
export function countTokens(body: Readonly<Record<string, unknown>>): { input_tokens: number } {
  const { messages } = messagesToChat({ ...body, max_tokens: 1 });
  let attached = 0;
  const text = JSON.stringify(messages, (key, value: unknown) => {
    if (typeof value !== 'string' || (key !== 'url' && key !== 'file_data')) return value;
    attached += key === 'url' ? TOKENS_PER_IMAGE : Math.ceil(value.length / CHARACTERS_PER_DOCUMENT_TOKEN);
    return '';
  });
  return { input_tokens: attached + estimateTokens(text + JSON.stringify(body['tools'] ?? [])) };
}
