import { mostTokens, numberIn } from '../chat-parts.ts';
import { cannot, isObject, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';

const NAME = 'Bedrock';
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'];
/** Tokens of thinking of Anthropic's models for OpenAI's `reasoning_effort`; what is not here does not think. */
const BUDGETS: Readonly<Record<string, number>> = { low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 };
/** Anthropic's least budget, what of a bound is left for the answer, and the answer's bound where the caller gives none. */
const LEAST_BUDGET = 1024;
const LEFT_FOR_ANSWER = 256;
const MOST_TOKENS = 4096;

/** How a model is told to think, in its maker's words, and what the thinking asks of the rest of the request. */
export interface Thinking {
  /** Of `additionalModelRequestFields`. */
  fields: Readonly<Record<string, unknown>>;
  /** A bound that has room for it; undefined where none is needed. */
  maxTokens?: number;
  /** Whether the model then wants a temperature of 1. */
  fixesTemperature?: boolean;
}

const NOT: Thinking = { fields: {} };

/** The caller's own `thinking` (Anthropic's), else one by `reasoning_effort`. Throws `invalid_request` where the model can't be told. */
export function bedrockThinking({ body, model, prefix, lenient }: DialectCall): Thinking {
  // It can't go on from a prefix thinking.
  if (prefix !== '') return NOT;
  const { thinking: own, reasoning_effort: effort } = body;
  const claude = model.includes('anthropic');
  if (isObject(own) && own['type'] !== 'disabled') {
    if (claude) return thinksFor(own, body);
    if (lenient) return NOT;
    throw cannot(NAME, 'thinking', `'thinking' with ${model}`);
  }
  if (effort == null || isObject(own)) return NOT;
  if (typeof effort !== 'string' || !EFFORTS.includes(effort)) {
    if (lenient) return NOT;
    throw wrong('reasoning_effort', `one of ${EFFORTS.join(', ')} is needed`);
  }
  if (claude) return claudeThinking(effort, body);
  // OpenAI's own open models take it as it is, Amazon's under another name.
  if (/\bopenai\./.test(model)) return { fields: { reasoning_effort: effort } };
  if (/\bamazon\.nova-2/.test(model)) return BUDGETS[effort] === undefined ? NOT : novaThinking(effort);
  if (lenient || BUDGETS[effort] === undefined) return NOT;
  throw cannot(NAME, 'reasoning_effort', `'reasoning_effort' with ${model}`);
}

function claudeThinking(effort: string, body: DialectCall['body']): Thinking {
  const most = mostTokens(body);
  const wanted = BUDGETS[effort] ?? 0;
  const budget = most === undefined ? wanted : Math.min(wanted, most - LEFT_FOR_ANSWER);
  return budget < LEAST_BUDGET ? NOT : thinksFor({ type: 'enabled', budget_tokens: budget }, body);
}

function thinksFor(thinking: Record<string, unknown>, body: DialectCall['body']): Thinking {
  const budget = thinking['budget_tokens'];
  const bound = mostTokens(body) === undefined && typeof budget === 'number' ? { maxTokens: budget + MOST_TOKENS } : {};
  return { fields: { thinking }, fixesTemperature: true, ...bound };
}

function novaThinking(effort: string): Thinking {
  return { fields: { reasoningConfig: { type: 'enabled', maxReasoningEffort: effort === 'xhigh' ? 'high' : effort } } };
}

/** `top_k`, which only some models take, each in its maker's words. */
export function topKFields({ body, model }: Pick<DialectCall, 'body' | 'model'>): Readonly<Record<string, unknown>> {
  const topK = numberIn(body, 'top_k');
  if (topK === undefined) return {};
  return /\bamazon\.nova/.test(model) ? { inferenceConfig: { topK } } : { top_k: topK };
}
