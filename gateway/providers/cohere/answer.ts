import { StillhouseError } from '../../../contracts/errors.ts';
import { argumentsText } from '../arguments-text.ts';
import { isObject } from '../chat-fields.ts';
import {
  chatUsage,
  type ChatCompletion,
  type ChatToolCall,
  type ChatUsage,
  type DialectCall,
  type FinishReason,
  type ProviderFault,
} from '../dialect.ts';

type Loose = Record<string, unknown>;

/** An answer as a completion; its plan of tool calls is its reasoning. */
export function cohereAnswer(answer: unknown, call: DialectCall): ChatCompletion {
  if (!isObject(answer) || !isObject(answer['message']))
    throw new StillhouseError('upstream_invalid', 'Cohere answered with something that is no message');
  const { message } = answer;
  const parts = Array.isArray(message['content']) ? message['content'].filter(isObject) : [];
  const joined = (field: string) => parts.map((part) => (typeof part[field] === 'string' ? part[field] : '')).join('');
  const text = joined('text');
  const reasoning = joined('thinking') + (typeof message['tool_plan'] === 'string' ? message['tool_plan'] : '');
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'].filter(isObject).map(toolCall) : [];
  const finish = finishOf(answer['finish_reason'], answer['error']);
  const usage = usageOf(answer['usage']);
  const logprobs = Array.isArray(answer['logprobs']) ? logprobsOf(answer['logprobs']) : null;
  return {
    id: typeof answer['id'] === 'string' ? answer['id'] : `chatcmpl-cohere-${call.now}`,
    object: 'chat.completion',
    created: call.now,
    model: call.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && (calls.length > 0 || finish === 'content_filter') ? null : text,
          ...(finish === 'content_filter' ? { refusal: REFUSED } : {}),
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        finish_reason: finish,
        ...(logprobs ? { logprobs } : {}),
      },
    ],
    ...(usage ? { usage } : {}),
  };
}

export const REFUSED = 'The model declined to answer';

function toolCall(call: Loose): ChatToolCall {
  const called = isObject(call['function']) ? call['function'] : {};
  const args = called['arguments'];
  return {
    id: textOf(call['id']),
    type: 'function',
    function: {
      name: textOf(called['name']),
      arguments: typeof args === 'string' && args !== '' ? args : argumentsText(args || {}, 'Cohere'),
    },
  };
}

/** The text that it should be; empty where it is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Why it stopped; what is new to us counts as an end. An `ERROR` is none. Throws `upstream_invalid` for it. */
export function finishOf(reason: unknown, why?: unknown): FinishReason {
  switch (reason) {
    case 'MAX_TOKENS':
      return 'length';
    case 'TOOL_CALL':
      return 'tool_calls';
    case 'ERROR_TOXIC':
      return 'content_filter';
    case 'ERROR':
    case 'ERROR_LIMIT':
    case 'TIMEOUT':
      throw new StillhouseError('upstream_invalid', `Cohere ended the answer with ${reason}${typeof why === 'string' ? `: ${why}` : ''}`);
    default:
      return 'stop';
  }
}

/**
 * Tokens as they are billed, for that is what a price is of; where that is not said, as the model saw them, which includes a
 * preamble of Cohere's own that nobody pays for.
 */
export function usageOf(usage: unknown): ChatUsage | null {
  if (!isObject(usage)) return null;
  const counted = [usage['billed_units'], usage['tokens']].filter(isObject).find((one) => typeof one['input_tokens'] === 'number');
  if (!counted) return null;
  const input = counted['input_tokens'] as number;
  return chatUsage({
    input,
    output: typeof counted['output_tokens'] === 'number' ? counted['output_tokens'] : 0,
    ...(typeof usage['cached_tokens'] === 'number' ? { cached: Math.min(usage['cached_tokens'], input) } : {}),
  });
}

/** Theirs are a list of pieces of text with the log-probabilities of their tokens; a piece is a token here. */
export function logprobsOf(list: readonly unknown[]): object {
  const content = list.filter(isObject).map((one) => {
    const token = typeof one['text'] === 'string' ? one['text'] : '';
    const values = Array.isArray(one['logprobs']) ? (one['logprobs'] as number[]) : [];
    return { token, logprob: values.reduce((sum, value) => sum + value, 0), bytes: [...Buffer.from(token)], top_logprobs: [] };
  });
  return { content, refusal: null };
}

/** `{message}`. */
export function cohereError(body: unknown): ProviderFault {
  const message = isObject(body) ? body['message'] : body;
  return { message: typeof message === 'string' ? message.slice(0, 500) : '', code: null };
}
