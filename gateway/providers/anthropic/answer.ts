import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject } from '../chat-fields.ts';
import {
  chatUsage,
  type ChatAnswerMessage,
  type ChatCompletion,
  type ChatUsage,
  type DialectCall,
  type FinishReason,
  type ProviderFault,
} from '../dialect.ts';

type Loose = Record<string, unknown>;

/** A message as a completion. */
export function anthropicAnswer(answer: unknown, call: DialectCall): ChatCompletion {
  if (!isObject(answer) || !Array.isArray(answer['content']))
    throw new StillhouseError('upstream_invalid', 'Anthropic answered with something that is no message');
  const finish = finishOf(answer['stop_reason']);
  const message = messageOf(answer['content'].filter(isObject), answer['stop_reason'] === 'refusal');
  const usage = usageOf(answer['usage']);
  return {
    id: textOr(answer['id'], 'chatcmpl-anthropic'),
    object: 'chat.completion',
    created: call.now,
    model: textOr(answer['model'], call.model),
    choices: [{ index: 0, message, finish_reason: finish }],
    ...(usage ? { usage } : {}),
  };
}

function messageOf(blocks: Loose[], refused: boolean): ChatAnswerMessage {
  const of = (...types: string[]) => blocks.filter((block) => types.includes(String(block['type'])));
  const text = of('text')
    .map((block) => textOr(block['text'], ''))
    .join('');
  const thoughts = of('thinking', 'redacted_thinking');
  const calls = of('tool_use').map((block) => ({
    id: textOr(block['id'], ''),
    type: 'function' as const,
    function: { name: textOr(block['name'], ''), arguments: JSON.stringify(block['input'] ?? {}) },
  }));
  const reasoning = thoughts.map((block) => textOr(block['thinking'], '')).join('');
  return {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refused) ? null : text,
    ...(refused ? { refusal: REFUSED } : {}),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(thoughts.length > 0 ? { thinking_blocks: thoughts } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** A refusal has no words of its own; what was said before it is the content. */
export const REFUSED = 'The model declined to answer';

/** Why it stopped; what is new to us counts as an end. */
export function finishOf(reason: unknown): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'refusal':
      return 'content_filter';
    default:
      return 'stop';
  }
}

/** Their `input_tokens` leaves out what the cache had and took. */
export function usageOf(usage: unknown): ChatUsage | null {
  if (!isObject(usage) || typeof usage['input_tokens'] !== 'number') return null;
  const count = (field: string) => (typeof usage[field] === 'number' ? usage[field] : 0);
  const cached = count('cache_read_input_tokens');
  const cacheWrite = count('cache_creation_input_tokens');
  const input = count('input_tokens') + cached + cacheWrite;
  return chatUsage({ input, output: count('output_tokens'), cached, cacheWrite });
}

/** `{type: "error", error: {type, message}}`. */
export function anthropicError(body: unknown): ProviderFault {
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {};
  return {
    message: typeof error['message'] === 'string' ? error['message'] : typeof body === 'string' ? body.slice(0, 500) : '',
    code: typeof error['type'] === 'string' ? error['type'] : null,
  };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
