import { answerSchema, mostTokens, numberIn, offeredTools, stopTexts, toolChoice } from '../chat-parts.ts';
import { checkLastWords } from '../anthropic/last-words.ts';
import { abilitiesOf } from '../anthropic/models.ts';
import { claudeSampling } from '../anthropic/sampling.ts';
import { cannot, refuseUnsupported } from '../chat-fields.ts';
import type { DialectCall } from '../dialect.ts';
import { bedrockMessages, cachePoint, toolsCalled } from './messages.ts';
import { bedrockClaudeThinking, bedrockThinking, type Thinking } from './thinking.ts';

const NAME = 'Bedrock';
/** Fields that only Converse has; they pass as they came. */
const OWN = ['guardrailConfig', 'performanceConfig', 'requestMetadata'];
const SAMPLING = ['temperature', 'top_p', 'top_k', 'stop', 'max_tokens', 'max_completion_tokens', 'response_format'];
const SUPPORTED = new Set(['tools', 'tool_choice', 'reasoning_effort', 'thinking', ...SAMPLING, ...OWN]);

type Loose = Record<string, unknown>;
type Body = DialectCall['body'];

/** What `Converse` and `ConverseStream` take (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html). */
export function bedrockRequest(call: DialectCall): Loose {
  const { body, model, lenient, prefix } = call;
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const { system, messages } = bedrockMessages(body['messages'] as unknown[], prefix, lenient);
  // What Anthropic's models can do is the same wherever they are.
  const claude = model.includes('anthropic') ? abilitiesOf(model) : null;
  checkLastWords(NAME, messages, call, claude?.continues ?? true);
  const thinking = claude ? bedrockClaudeThinking(call, claude, messages) : bedrockThinking(call);
  const sampling = claude ? claudeSampling(NAME, call, claude, thinking.budgeted ?? false) : numbersIn(body);
  const inference = inferenceOf(body, thinking, sampling);
  const more = { ...topKFields(sampling.top_k, model), ...thinking.fields };
  return {
    modelId: model,
    ...(system.length > 0 ? { system } : {}),
    messages,
    ...(Object.keys(inference).length > 0 ? { inferenceConfig: inference } : {}),
    ...toolsOf(call, toolsCalled(messages), claude?.forcesTools ?? true),
    ...formatOf(body, lenient),
    ...(Object.keys(more).length > 0 ? { additionalModelRequestFields: more } : {}),
    ...Object.fromEntries(OWN.flatMap((field) => (body[field] == null ? [] : [[field, body[field]]]))),
  };
}

interface Sampling {
  temperature?: number;
  top_p?: number;
  top_k?: number;
}

function numbersIn(body: Body): Sampling {
  const numbers = (['temperature', 'top_p', 'top_k'] as const).flatMap((field) => {
    const value = numberIn(body, field);
    return value === undefined ? [] : [[field, value]];
  });
  return Object.fromEntries(numbers) as Sampling;
}

function inferenceOf(body: Body, { maxTokens }: Thinking, { temperature, top_p: topP }: Sampling): Loose {
  const stop = stopTexts(body);
  const most = mostTokens(body) ?? maxTokens;
  return {
    ...(most === undefined ? {} : { maxTokens: most }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stop.length > 0 ? { stopSequences: stop } : {}),
  };
}

/** `top_k`, which only some models take, each in its maker's words. */
function topKFields(topK: number | undefined, model: string): Loose {
  if (topK === undefined) return {};
  return /\bamazon\.nova/.test(model) ? { inferenceConfig: { topK } } : { top_k: topK };
}

/**
 * It has no choice of `none`: then no tools are offered. But a conversation that has calls of tools must offer some, which the
 * model may then call: that is refused, and a lenient caller offers the tools that were called.
 */
function toolsOf({ body, lenient, model }: DialectCall, called: readonly string[], forces: boolean): Loose {
  const choice = toolChoice(body);
  const tools = offeredTools(body);
  if (body['parallel_tool_calls'] === false && tools.length > 0 && !lenient) throw cannot(NAME, 'parallel_tool_calls');
  if (tools.length === 0 || choice === 'none') {
    if (called.length === 0) return {};
    if (!lenient) throw tools.length === 0 ? noTools() : noneChosen();
  }
  const offered = tools.flatMap(({ name, description, parameters, strict, cacheControl }): Loose[] => [
    toolSpec(name, parameters, { ...(description === undefined ? {} : { description }), ...(strict ? { strict } : {}) }),
    ...cachePoint(cacheControl),
  ]);
  const known = called.map((name) => toolSpec(name, { type: 'object', properties: {} }));
  let chosen = choice === 'required' ? { any: {} } : choice === null || typeof choice === 'string' ? null : { tool: { name: choice.name } };
  if (chosen && !forces) {
    if (!lenient) throw cannot(NAME, 'tool_choice', `a 'tool_choice' that forces a call with ${model}`);
    chosen = null;
  }
  return { toolConfig: { tools: offered.length > 0 ? offered : known, ...(chosen && tools.length > 0 ? { toolChoice: chosen } : {}) } };
}

function toolSpec(name: string, schema: object, more: object = {}): Loose {
  return { toolSpec: { name, ...more, inputSchema: { json: schema } } };
}

function noTools(): Error {
  return cannot(NAME, 'tools', "a conversation with calls of tools without 'tools'");
}

function noneChosen(): Error {
  return cannot(NAME, 'tool_choice', "'tool_choice' none in a conversation with calls of tools");
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
