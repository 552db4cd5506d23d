import { randomUUID } from 'node:crypto';
import { StillhouseError } from '../../../contracts/errors.ts';
import { argumentsText } from '../arguments-text.ts';
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
  const message = messageOf(answer['content'].filter(isObject), refusalOf(answer));
  const usage = usageOf(answer['usage']);
  return {
    id: textOr(answer['id'], `chatcmpl-${randomUUID()}`),
    object: 'chat.completion',
    created: call.now,
    model: textOr(answer['model'], call.model),
    choices: [{ index: 0, message, finish_reason: finishOf(answer['stop_reason']), ...stoppedAt(answer['stop_sequence']) }],
    ...(usage ? { usage } : {}),
  };
}

function messageOf(blocks: Loose[], refusal: string | null): ChatAnswerMessage {
  const of = (...types: string[]) => blocks.filter(({ type }) => types.includes(textOr(type, '')));
  const text = of('text')
    .map((block) => textOr(block['text'], ''))
    .join('');
  const thoughts = of('thinking', 'redacted_thinking');
  const calls = of('tool_use').map((block) => ({
    id: textOr(block['id'], ''),
    type: 'function' as const,
    function: { name: textOr(block['name'], ''), arguments: argumentsText(block['input'], 'Anthropic') },
  }));
  const reasoning = thoughts.map((block) => textOr(block['thinking'], '')).join('');
  const kept = thoughts.filter(goesBack);
  return {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== null) ? null : text,
    ...(refusal === null ? {} : { refusal }),
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(kept.length > 0 ? { thinking_blocks: kept } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** Whether a thought can be given back: what is redacted, or signed. */
function goesBack({ type, signature }: Loose): boolean {
  return type === 'redacted_thinking' || (typeof signature === 'string' && signature !== '');
}

/** Why it declined to answer, in its words where it has any; null where it did not. What was said before is the content. */
export function refusalOf({ stop_reason: reason, stop_details: details }: Loose): string | null {
  if (reason !== 'refusal') return null;
  const explanation = isObject(details) ? textOr(details['explanation'], '') : '';
  return explanation === '' ? 'The model declined to answer' : explanation;
}

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

/** The stop text that was met. */
function stoppedAt(stop: unknown): { stop_reason?: string } {
  return typeof stop === 'string' ? { stop_reason: stop } : {};
}

/** Their `input_tokens` leaves out what the cache had and took; thinking is within `output_tokens`. */
export function usageOf(usage: unknown): ChatUsage | null {
  if (!isObject(usage) || typeof usage['input_tokens'] !== 'number') return null;
  const count = (field: string) => (typeof usage[field] === 'number' ? usage[field] : 0);
  const cached = count('cache_read_input_tokens');
  const cacheWrite = count('cache_creation_input_tokens');
  const details = usage['output_tokens_details'];
  const reasoning = isObject(details) && typeof details['thinking_tokens'] === 'number' ? { reasoning: details['thinking_tokens'] } : {};
  const input = count('input_tokens') + cached + cacheWrite;
  const written = usage['cache_creation'];
  const hour = isObject(written) ? written['ephemeral_1h_input_tokens'] : undefined;
  const cacheWriteHour = typeof hour === 'number' ? hour : 0;
  return chatUsage({ input, output: count('output_tokens'), cached, cacheWrite, cacheWriteHour, ...reasoning });
}

/** `{type: "error", error: {type, message}}`. */
export function anthropicError(body: unknown): ProviderFault {
  const error = isObject(body) && isObject(body['error']) ? body['error'] : {};
  return {
    message: typeof error['message'] === 'string' ? error['message'] : typeof body === 'string' ? body.slice(0, 500) : '',
    code: typeof error['type'] === 'string' ? error['type'] : null,
  };
}

export function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
