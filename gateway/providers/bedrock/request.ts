import { answerSchema, mostTokens, numberIn, offeredTools, stopTexts, toolChoice } from '../chat-parts.ts';
import { cannot, isObject, refuseUnsupported, wrong } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import { bedrockMessages, cachePoint } from './messages.ts';

const NAME = 'Bedrock';
const SUPPORTED = new Set([
  ...[
    'tools',
    'tool_choice',
    'stop',
    'temperature',
    'top_p',
    'top_k',
    'max_tokens',
    'max_completion_tokens',
    'response_format',
    'reasoning_effort',
    'thinking',
  ],
]);
/** Tokens of thinking for OpenAI's `reasoning_effort`, for models of Anthropic's; what is not here does not think. */
const BUDGETS: Readonly<Record<string, number>> = { low: 2048, medium: 8192, high: 16_384, xhigh: 32_768 };
const LEAST_BUDGET = 1024;
const LEFT_FOR_ANSWER = 256;

type Loose = Record<string, unknown>;
type Body = DialectCall['body'];

/** What `Converse` and `ConverseStream` take (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export function bedrockRequest({ body, model, lenient, prefix }: DialectCall): Loose {
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const { system, messages } = bedrockMessages(body['messages'] as unknown[], prefix);
  const stop = stopTexts(body);
  const most = mostTokens(body);
  const temperature = numberIn(body, 'temperature');
  const topP = numberIn(body, 'top_p');
  const inference = {
    ...(most === undefined ? {} : { maxTokens: most }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stop.length > 0 ? { stopSequences: stop } : {}),
  };
  const more = moreFields(body, model, prefix);
  return {
    modelId: model,
    ...(system.length > 0 ? { system } : {}),
    messages,
    ...(Object.keys(inference).length > 0 ? { inferenceConfig: inference } : {}),
    ...toolsOf(body, lenient),
    ...formatOf(body, lenient),
    ...(Object.keys(more).length > 0 ? { additionalModelRequestFields: more } : {}),
  };
}

/** It has no choice of `none`: then no tools are offered. */
function toolsOf(body: Body, lenient: boolean): Loose {
  const choice = toolChoice(body);
  const tools = offeredTools(body);
  if (body['parallel_tool_calls'] === false && tools.length > 0 && !lenient) throw cannot(NAME, 'parallel_tool_calls');
  if (tools.length === 0 || choice === 'none') return {};
  const offered = tools.flatMap(({ name, description, parameters, cacheControl }): Loose[] => [
    { toolSpec: { name, ...(description === undefined ? {} : { description }), inputSchema: { json: parameters } } },
    ...cachePoint(cacheControl),
  ]);
  const chosen = choice === 'required' ? { any: {} } : choice === null || choice === 'auto' ? null : { tool: { name: choice.name } };
  return { toolConfig: { tools: offered, ...(chosen ? { toolChoice: chosen } : {}) } };
}

function formatOf(body: Body, lenient: boolean): Loose {
  const schema = answerSchema(body);
  if (schema === null) return {};
  if (schema !== 'json') {
    const jsonSchema = { schema: JSON.stringify(schema.schema), name: schema.name };
    return { outputConfig: { textFormat: { type: 'json_schema', structure: { jsonSchema } } } };
  }
  if (lenient) return {};
  throw cannot(NAME, 'response_format', "'response_format' json_object without a schema");
}

/** What only some models take, in their own words. */
function moreFields(body: Body, model: string, prefix: string): Loose {
  const topK = numberIn(body, 'top_k');
  const thinking = prefix === '' ? thinkingOf(body, model) : null;
  return { ...(topK === undefined ? {} : { top_k: topK }), ...(thinking ? { thinking } : {}) };
}

function thinkingOf(body: Body, model: string): Loose | null {
  const own = body['thinking'];
  if (isObject(own)) return own['type'] === 'disabled' ? null : own;
  const effort = body['reasoning_effort'];
  if (effort == null || !model.includes('anthropic')) return null;
  if (typeof effort !== 'string') throw wrong('reasoning_effort', 'a text is needed');
  const most = mostTokens(body);
  const wanted = BUDGETS[effort] ?? 0;
  const budget = most === undefined ? wanted : Math.min(wanted, most - LEFT_FOR_ANSWER);
  return budget < LEAST_BUDGET ? null : { type: 'enabled', budget_tokens: budget };
}
