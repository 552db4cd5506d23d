import type { ChatCompletion, ChatUsage, FinishReason } from '../../providers/dialect.ts';
import type { ApiError } from '../way-in.ts';
import type { Loose } from './blocks.ts';

/** A completion as a message: its thoughts first, then its text, then its tool calls. */
export function messagesAnswer(completion: ChatCompletion, _asked: Readonly<Loose>, traceId: string): object {
  const [choice] = completion.choices;
  const message = choice?.message;
  const content: Loose[] = [...thoughtsOf(message?.thinking_blocks, message?.reasoning_content)];
  const text = message?.content || (message?.refusal ?? '');
  if (text !== '') content.push({ type: 'text', text });
  for (const { id, function: called } of message?.tool_calls ?? []) {
    content.push({ type: 'tool_use', id, name: called.name, input: parsed(called.arguments) });
  }
  return {
    id: messageId(traceId),
    type: 'message',
    role: 'assistant',
    model: completion.model,
    content,
    stop_reason: stopReason(choice?.finish_reason ?? null),
    stop_sequence: null,
    usage: messagesUsage(completion.usage ?? null),
  };
}

export function messageId(traceId: string): string {
  return `msg_${traceId.replaceAll('-', '')}`;
}

/** Blocks with a signature where the provider gave them; else what the reasoning says, with none. */
function thoughtsOf(blocks: unknown[] | undefined, reasoning: string | undefined): Loose[] {
  if (blocks && blocks.length > 0) return blocks as Loose[];
  return reasoning ? [{ type: 'thinking', thinking: reasoning, signature: '' }] : [];
}

export function stopReason(finish: FinishReason | null): string | null {
  switch (finish) {
    case 'length':
      return 'max_tokens';
    case 'tool_calls':
      return 'tool_use';
    case 'content_filter':
      return 'refusal';
    case 'stop':
      return 'end_turn';
    case null:
      return null;
    default:
      return 'end_turn';
  }
}

/** Their `input_tokens` leaves out what the cache had and took. */
export function messagesUsage(usage: ChatUsage | null): Loose {
  const read = usage?.prompt_tokens_details?.cached_tokens ?? 0;
  const written = usage?.prompt_tokens_details?.cache_write_tokens ?? 0;
  return {
    input_tokens: Math.max(0, (usage?.prompt_tokens ?? 0) - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: usage?.completion_tokens ?? 0,
  };
}

/** Anthropic's types of errors by status (https://docs.anthropic.com/en/api/errors). */
const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

export function messagesError({ status, message }: Pick<ApiError, 'status' | 'message'>): object {
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');
  return { type: 'error', error: { type, message } };
}

/** Arguments that are no JSON are passed on as they are, in an object. */
function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return { arguments: text };
  }
}
