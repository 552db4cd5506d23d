import { parseWritable } from '../../../core/json-nesting.ts';
import { isObject } from '../../providers/chat-fields.ts';
import type { ChatCompletion, ChatUsage, FinishReason } from '../../providers/dialect.ts';
import { callId, firstAnswer } from '../answer-parts.ts';
import { keepThoughts } from '../kept-thoughts.ts';
import type { ApiError } from '../way-in.ts';
import type { Loose } from './blocks.ts';

/** A completion as a message: its thoughts first, then its text, then its tool calls. */
export function messagesAnswer(completion: ChatCompletion, _asked: Readonly<Loose>, traceId: string): object {
  const { thoughts, details, reasoning, text, refusal, calls, finish, stop } = firstAnswer(completion);
  const content: Loose[] = [...thoughts];
  // What a provider without signatures thought, and the blocks that it may want back in their place.
  if (thoughts.length === 0 && (reasoning !== '' || details.length > 0))
    content.push({ type: 'thinking', thinking: reasoning, signature: details.length > 0 ? keepThoughts(details) : '' });
  const said = text + refusal;
  if (said !== '') content.push({ type: 'text', text: said });
  calls.forEach((call, place) =>
    content.push({ type: 'tool_use', id: callId(call, traceId, place), name: call.name, input: parsed(call.arguments) }),
  );
  return {
    id: messageId(traceId),
    type: 'message',
    role: 'assistant',
    model: completion.model,
    content,
    stop_reason: stopReason(finish ?? 'stop', calls.length > 0, stop),
    stop_sequence: stop,
    usage: messagesUsage(completion.usage ?? null),
  };
}

export function messageId(traceId: string): string {
  return `msg_${traceId.replaceAll('-', '')}`;
}

/** Some providers say `stop` behind a tool call that was asked for by its name; these clients look for `tool_use`. */
export function stopReason(finish: FinishReason, called: boolean, stop: string | null): string {
  switch (finish) {
    case 'length':
      return 'max_tokens';
    case 'content_filter':
      return 'refusal';
    case 'tool_calls':
      return 'tool_use';
    case 'stop':
    default:
      return stop !== null ? 'stop_sequence' : called ? 'tool_use' : 'end_turn';
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

/** Arguments that are no object are passed on as they are, in one. */
function parsed(text: string): unknown {
  try {
    const input: unknown = text === '' ? {} : parseWritable(text);
    return isObject(input) ? input : { arguments: text };
  } catch {
    return { arguments: text };
  }
}
