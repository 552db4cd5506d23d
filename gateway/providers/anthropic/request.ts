import { answerSchema, mostTokens, numberIn, offeredTools, stopTexts, toolChoice } from '../chat-parts.ts';
import { cannot, isObject, refuseUnsupported, wrong } from '../chat-fields.ts';
import type { DialectCall, WireRequest } from '../dialect.ts';
import { anthropicMessages, cached } from './messages.ts';

const NAME = 'Anthropic';
const SUPPORTED = new Set([
  ...['tools', 'tool_choice', 'parallel_tool_calls', 'stop', 'temperature', 'top_p', 'top_k', 'max_tokens', 'max_completion_tokens'],
  ...['response_format', 'reasoning_effort', 'thinking'],
]);

/** The API wants a bound where OpenAI needs none: as long an answer as all of its models can give. */
const MOST_TOKENS = 4096;
/** Tokens of thinking for OpenAI's `reasoning_effort`; what is not here does not think. */
const BUDGETS: Readonly<Record<string, number>> = { low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 };
const EFFORTS = new Set(['none', 'minimal', ...Object.keys(BUDGETS)]);
/** The API's own least budget, and what of a bound is left for the answer. */
const LEAST_BUDGET = 1024;
const LEFT_FOR_ANSWER = 256;

type Body = DialectCall['body'];

/** `POST /messages`. System messages, wherever they stand, become its `system`. */
export function anthropicRequest(call: DialectCall): WireRequest {
  const { body, lenient } = call;
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const { system, messages } = anthropicMessages(body['messages'] as unknown[], call.prefix);
  const thinking = thinkingOf(call);
  const tools = offeredTools(body);
  const stop = stopTexts(body);
  const { user } = body;
  const wire = {
    model: call.model,
    max_tokens: mostTokens(body) ?? MOST_TOKENS + (thinking?.budget ?? 0),
    ...(system.length > 0 ? { system } : {}),
    messages,
    ...(tools.length > 0
      ? {
          tools: tools.map(({ name, description, parameters, strict, cacheControl }) =>
            cached(
              { name, ...(description === undefined ? {} : { description }), input_schema: parameters, ...(strict ? { strict } : {}) },
              cacheControl,
            ),
          ),
          ...choiceOf(body),
        }
      : {}),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...sampling(body, thinking !== null, lenient),
    ...(thinking ? { thinking: thinking.value } : {}),
    ...formatOf(body, lenient),
    ...(typeof user === 'string' ? { metadata: { user_id: user } } : {}),
    ...(call.stream ? { stream: true } : {}),
  };
  return { path: '/messages', body: JSON.stringify(wire) };
}

/** The caller's own `thinking`, else one by `reasoning_effort`; null where the model is not to think. It can't go on from a prefix thinking. */
function thinkingOf({ body, prefix, lenient }: DialectCall): { value: object; budget: number } | null {
  if (prefix !== '') return null;
  const own = body['thinking'];
  if (isObject(own)) {
    if (own['type'] === 'disabled') return null;
    return { value: own, budget: typeof own['budget_tokens'] === 'number' ? own['budget_tokens'] : 0 };
  }
  const effort = body['reasoning_effort'];
  if (effort == null) return null;
  if (typeof effort !== 'string' || !EFFORTS.has(effort)) {
    if (lenient) return null;
    throw wrong('reasoning_effort', `one of ${[...EFFORTS].join(', ')} is needed`);
  }
  const most = mostTokens(body);
  const wanted = BUDGETS[effort] ?? 0;
  const budget = most === undefined ? wanted : Math.min(wanted, most - LEFT_FOR_ANSWER);
  return budget < LEAST_BUDGET ? null : { value: { type: 'enabled', budget_tokens: budget }, budget };
}

function choiceOf(body: Body): object {
  const choice = toolChoice(body);
  const parallel = body['parallel_tool_calls'] === false ? { disable_parallel_tool_use: true } : {};
  if (choice === 'none') return { tool_choice: { type: 'none' } };
  if (choice === 'required') return { tool_choice: { type: 'any', ...parallel } };
  if (choice !== null && choice !== 'auto') return { tool_choice: { type: 'tool', name: choice.name, ...parallel } };
  return choice === null && Object.keys(parallel).length === 0 ? {} : { tool_choice: { type: 'auto', ...parallel } };
}

function sampling(body: Body, thinks: boolean, lenient: boolean): object {
  const temperature = numberIn(body, 'temperature');
  const topP = numberIn(body, 'top_p');
  const topK = numberIn(body, 'top_k');
  // OpenAI's goes up to 2; and a model that thinks wants 1.
  const outOfRange = temperature !== undefined && (temperature > 1 || (thinks && temperature !== 1));
  if (outOfRange && !lenient)
    throw cannot(NAME, 'temperature', thinks ? "a 'temperature' other than 1 while it thinks" : "a 'temperature' above 1");
  return {
    ...(temperature === undefined || outOfRange ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
  };
}

function formatOf(body: Body, lenient: boolean): object {
  const schema = answerSchema(body);
  if (schema === null) return {};
  if (schema !== 'json') return { output_config: { format: { type: 'json_schema', schema: schema.schema } } };
  if (lenient) return {};
  throw cannot(NAME, 'response_format', "'response_format' json_object without a schema");
}
