import { answerSchema, askedTools, chatParts, mostTokens, numberIn, offeredTools, stopTexts, toolChoice } from '../chat-parts.ts';
import { cannot, isObject, refuseUnsupported, thinkingBetweenTools, wrong } from '../chat-fields.ts';
import type { DialectCall, WireRequest } from '../dialect.ts';

const NAME = 'Cohere';
/** Fields that only Cohere has; they pass as they came. */
const OWN = ['documents', 'citation_options', 'safety_mode', 'strict_tools'];
const SAMPLING = ['seed', 'temperature', 'top_p', 'top_k', 'frequency_penalty', 'presence_penalty', 'logprobs'];
const BOUNDS = ['max_tokens', 'max_completion_tokens', 'stop', 'response_format'];
const SUPPORTED = new Set(['tools', 'tool_choice', 'reasoning_effort', 'thinking', ...SAMPLING, ...BOUNDS, ...OWN]);
/** Tokens of thinking for OpenAI's `reasoning_effort`; `none` and `minimal` do not think. */
const BUDGETS: Readonly<Record<string, number>> = { low: 1024, medium: 8192, high: 24_576 };

type Loose = Record<string, unknown>;
type Body = DialectCall['body'];

/** `POST /chat`. */
export function cohereRequest({ body, model, stream, lenient }: DialectCall): WireRequest {
  refuseUnsupported(body, SUPPORTED, { provider: NAME, lenient });
  const most = mostTokens(body);
  const stop = stopTexts(body);
  const tools = offeredTools(body);
  const numbers = [
    ['temperature', 'temperature'],
    ['top_p', 'p'],
    ['top_k', 'k'],
    ['seed', 'seed'],
    ['frequency_penalty', 'frequency_penalty'],
    ['presence_penalty', 'presence_penalty'],
  ] as const;
  const wire = {
    model,
    messages: (body['messages'] as unknown[]).map((message, index) => messageOf(message, `messages[${index}]`, lenient)),
    ...Object.fromEntries(numbers.flatMap(([from, to]) => (numberIn(body, from) === undefined ? [] : [[to, numberIn(body, from)]]))),
    ...(most === undefined ? {} : { max_tokens: most }),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...(tools.length > 0
      ? { tools: tools.map(({ name, description, parameters }) => ({ type: 'function', function: { name, description, parameters } })) }
      : {}),
    // The flag is one for all tools.
    ...(tools.length > 0 && tools.every(({ strict }) => strict === true) ? { strict_tools: true } : {}),
    ...choiceOf(body, tools, lenient),
    ...formatOf(body),
    ...thinkingOf(body, lenient),
    ...(body['logprobs'] === true ? { logprobs: true } : {}),
    ...Object.fromEntries(OWN.flatMap((field) => (body[field] == null ? [] : [[field, body[field]]]))),
    ...(stream ? { stream: true } : {}),
  };
  return { path: '/chat', body: JSON.stringify(wire) };
}

function messageOf(message: unknown, at: string, lenient: boolean): Loose {
  if (!isObject(message)) throw wrong(at, 'an object is needed');
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: 'system', content: textOf(message['content'], `${at}.content`, lenient) };
    case 'user':
      return { role: 'user', content: contentOf(message['content'], `${at}.content`, lenient) };
    case 'assistant':
      return assistantOf(message, at, lenient);
    case 'tool':
      if (typeof message['tool_call_id'] !== 'string') throw wrong(`${at}.tool_call_id`, 'a text is needed');
      return { role: 'tool', tool_call_id: message['tool_call_id'], content: textOf(message['content'], `${at}.content`, lenient) };
    default:
      throw wrong(`${at}.role`, 'system, developer, user, assistant or tool is needed');
  }
}

/** What it planned before its tool calls goes back as its plan. */
function assistantOf(message: Loose, at: string, lenient: boolean): Loose {
  const calls = askedTools(message, at);
  const text = textOf(message['content'] ?? message['refusal'], `${at}.content`, lenient);
  if (calls.length === 0) return { role: 'assistant', content: text };
  const { reasoning_content: plan } = message;
  return {
    role: 'assistant',
    ...(text === '' ? {} : { content: text }),
    ...(typeof plan === 'string' ? { tool_plan: plan } : {}),
    tool_calls: calls.map(({ id, name, input }) => ({ id, type: 'function', function: { name, arguments: JSON.stringify(input) } })),
  };
}

function textOf(content: unknown, at: string, lenient: boolean): string {
  return chatParts(content, at)
    .map((part) => {
      if (part.kind === 'text') return part.text;
      if (lenient) return '';
      throw cannot(NAME, part.at, 'anything but text here');
    })
    .join('');
}

function contentOf(content: unknown, at: string, lenient: boolean): string | Loose[] {
  const parts = chatParts(content, at).filter(({ kind }) => !lenient || kind === 'text' || kind === 'image');
  if (parts.every((part) => part.kind === 'text')) return parts.map(({ text }) => text).join('');
  return parts.map((part) => {
    if (part.kind === 'text') return { type: 'text', text: part.text };
    if (part.kind !== 'image') throw cannot(NAME, part.at, 'anything but texts and images');
    const url = 'url' in part.source ? part.source.url : `data:${part.source.mediaType};base64,${part.source.base64}`;
    return { type: 'image_url', image_url: { url } };
  });
}

function choiceOf(body: Body, tools: readonly { name: string }[], lenient: boolean): object {
  const choice = toolChoice(body);
  if (choice === null || choice === 'auto') return {};
  if (typeof choice === 'string') return { tool_choice: choice === 'required' ? 'REQUIRED' : 'NONE' };
  // The only tool there is can be asked for.
  if (lenient || (tools.length === 1 && tools[0]!.name === choice.name)) return { tool_choice: 'REQUIRED' };
  throw cannot(NAME, 'tool_choice', "'tool_choice' of one function");
}

function formatOf(body: Body): object {
  const schema = answerSchema(body);
  if (schema === null) return {};
  return { response_format: { type: 'json_object', ...(schema === 'json' ? {} : { json_schema: schema.schema }) } };
}

/** The caller's own `thinking`, in Cohere's words or Anthropic's, else one by `reasoning_effort`. */
function thinkingOf(body: Body, lenient: boolean): object {
  const own = body['thinking'];
  const between = thinkingBetweenTools(own);
  if (between !== null && !lenient) throw cannot(NAME, 'thinking', between);
  if (isObject(own) && between === null) {
    const budget = own['token_budget'] ?? own['budget_tokens'];
    const type = own['type'] === 'disabled' ? 'disabled' : 'enabled';
    return { thinking: { type, ...(typeof budget === 'number' && type === 'enabled' ? { token_budget: budget } : {}) } };
  }
  const effort = body['reasoning_effort'];
  if (effort == null) return {};
  if (effort === 'none' || effort === 'minimal') return { thinking: { type: 'disabled' } };
  const budget = typeof effort === 'string' ? BUDGETS[effort] : undefined;
  if (budget !== undefined) return { thinking: { type: 'enabled', token_budget: budget } };
  if (lenient) return {};
  throw wrong('reasoning_effort', `one of none, minimal, ${Object.keys(BUDGETS).join(', ')} is needed`);
}
