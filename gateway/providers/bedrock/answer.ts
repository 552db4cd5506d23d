import { randomUUID } from 'node:crypto';
import { StillhouseError } from '../../../contracts/errors.ts';
import { argumentsText } from '../arguments-text.ts';
import { isObject } from '../chat-fields.ts';
import { chatUsage, type ChatCompletion, type ChatUsage, type DialectCall, type FinishReason } from '../dialect.ts';

type Loose = Record<string, unknown>;

/** An output of Converse as a completion. */
export function bedrockAnswer(answer: unknown, call: DialectCall): ChatCompletion {
  const output = isObject(answer) && isObject(answer['output']) ? answer['output'] : {};
  const message = output['message'];
  if (!isObject(answer) || !isObject(message) || !Array.isArray(message['content'])) {
    throw new StillhouseError('upstream_invalid', 'Bedrock answered with something that is no message');
  }
  const finish = finishOf(answer['stopReason']);
  const blocks = message['content'].filter(isObject);
  const text = blocks.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('');
  const thoughts = blocks.flatMap((block) => thoughtOf(block['reasoningContent']));
  const reasoning = thoughts.map((thought) => (typeof thought['thinking'] === 'string' ? thought['thinking'] : '')).join('');
  const calls = blocks.flatMap(({ toolUse }) => {
    if (!isObject(toolUse)) return [];
    const called = { name: textOf(toolUse['name']), arguments: argumentsText(toolUse['input'], 'Bedrock') };
    return [{ id: textOf(toolUse['toolUseId']), type: 'function' as const, function: called }];
  });
  const usage = usageOf(answer['usage']);
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: call.now,
    model: modelIn(answer) ?? call.model,
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: text === '' && (calls.length > 0 || finish === 'content_filter') ? null : text,
          ...(finish === 'content_filter' ? { refusal: REFUSED } : {}),
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          ...(thoughts.length > 0 ? { thinking_blocks: thoughts } : {}),
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
        finish_reason: finish,
      },
    ],
    ...(usage ? { usage } : {}),
  };
}

export const REFUSED = 'The model, or a guardrail, declined to answer';

/** Reasoning as Anthropic's blocks, which is what the chat form keeps. */
function thoughtOf(reasoning: unknown): Loose[] {
  if (!isObject(reasoning)) return [];
  const { reasoningText: text, redactedContent: redacted } = reasoning;
  if (isObject(text)) {
    const signature = typeof text['signature'] === 'string' && text['signature'] !== '' ? { signature: text['signature'] } : {};
    return [{ type: 'thinking', thinking: textOf(text['text']), ...signature }];
  }
  return redacted instanceof Uint8Array ? [{ type: 'redacted_thinking', data: Buffer.from(redacted).toString('base64') }] : [];
}

/** The text that it should be; empty where it is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The model that a prompt router chose; others do not say which they are. */
export function modelIn(answer: Loose): string | null {
  const { trace } = answer;
  const router = isObject(trace) && isObject(trace['promptRouter']) ? trace['promptRouter'] : {};
  return typeof router['invokedModelId'] === 'string' ? router['invokedModelId'] : null;
}

/** Why it stopped; what is new to us counts as an end. Throws `upstream_invalid` where the model lost its way. */
export function finishOf(reason: unknown): FinishReason {
  switch (reason) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'tool_use':
      return 'tool_calls';
    case 'guardrail_intervened':
    case 'content_filtered':
    case 'refusal':
      return 'content_filter';
    case 'malformed_model_output':
    case 'malformed_tool_use':
      throw new StillhouseError('upstream_invalid', `Bedrock ended the answer with ${reason}`);
    default:
      return 'stop';
  }
}

/** Their `inputTokens` leaves out what the cache had and took. */
export function usageOf(usage: unknown): ChatUsage | null {
  if (!isObject(usage) || typeof usage['inputTokens'] !== 'number') return null;
  const count = (field: string) => (typeof usage[field] === 'number' ? usage[field] : 0);
  const cached = count('cacheReadInputTokens');
  const cacheWrite = count('cacheWriteInputTokens');
  const input = count('inputTokens') + cached + cacheWrite;
  return chatUsage({ input, output: count('outputTokens'), cached, cacheWrite, cacheWriteHour: keptForAnHour(usage['cacheDetails']) });
}

/** `[{ttl, inputTokens}]`: what was written, by how long it is kept. */
function keptForAnHour(details: unknown): number {
  const hours = Array.isArray(details) ? details.filter(isObject).filter(({ ttl }) => ttl === '1h') : [];
  return hours.reduce((sum, { inputTokens }) => sum + (typeof inputTokens === 'number' ? inputTokens : 0), 0);
}
