import { StillhouseError } from '../../../contracts/errors.ts';
import { isObject, wrong } from '../../providers/chat-fields.ts';
import { itemsToMessages } from './items.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Fields that are the same in the chat form. */
const SAME = [
  'model',
  'temperature',
  'top_p',
  'stream',
  'metadata',
  'user',
  'parallel_tool_calls',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
] as const;
/** `store` and `previous_response_id` are the gateway's own affair; `truncation` and `include` are looked at below. */
const KNOWN = new Set<string>([
  ...SAME,
  ...['input', 'instructions', 'max_output_tokens', 'text', 'tools', 'tool_choice', 'reasoning', 'include', 'truncation', 'top_logprobs'],
  ...['store', 'previous_response_id', 'stream_options', 'background'],
]);
const LOGPROBS = 'message.output_text.logprobs';
const INCLUDED = new Set([LOGPROBS, 'reasoning.encrypted_content']);

/** A body of `/v1/responses` in the chat form. */
export function responsesToChat(body: Loose): Record<string, unknown> {
  checkFields(body);
  const { instructions, reasoning, text } = body;
  const effort = isObject(reasoning) ? reasoning['effort'] : undefined;
  const verbosity = isObject(text) ? text['verbosity'] : undefined;
  return {
    ...Object.fromEntries(SAME.filter((field) => body[field] != null).map((field) => [field, body[field]])),
    messages: [
      ...(instructions == null ? [] : [{ role: 'system', content: textIn(instructions, 'instructions') }]),
      ...itemsToMessages(body['input']),
    ],
    ...(body['max_output_tokens'] == null ? {} : { max_completion_tokens: body['max_output_tokens'] }),
    ...formatOf(text),
    ...(verbosity == null ? {} : { verbosity }),
    ...toolsOf(body),
    ...(effort == null ? {} : { reasoning_effort: effort }),
    ...logprobsOf(body),
    ...(body['stream'] === true ? { stream_options: { include_usage: true } } : {}),
  };
}

function checkFields(body: Loose): void {
  for (const [field, value] of Object.entries(body)) {
    if (value != null && !KNOWN.has(field)) throw refused(field, 'the gateway cannot do this for every provider');
  }
  if (body['background'] === true) throw refused('background', 'answers are given while the caller waits');
  if (body['truncation'] != null && body['truncation'] !== 'disabled')
    throw refused('truncation', 'the gateway leaves nothing out of a conversation');
  const { include } = body;
  if (include == null) return;
  if (!Array.isArray(include)) throw wrong('include', 'a list is needed');
  const odd = include.findIndex((one) => !INCLUDED.has(String(one)));
  if (odd >= 0) throw refused(`include[${odd}]`, 'this belongs to a tool that runs at OpenAI');
}

function formatOf(text: unknown): object {
  if (text == null) return {};
  if (!isObject(text)) throw wrong('text', 'an object is needed');
  const { format } = text;
  if (format == null) return {};
  if (!isObject(format)) throw wrong('text.format', 'an object is needed');
  if (format['type'] !== 'json_schema') return { response_format: format };
  const { type: _, ...schema } = format;
  return { response_format: { type: 'json_schema', json_schema: schema } };
}

function toolsOf(body: Loose): object {
  const { tools } = body;
  if (tools == null) return {};
  if (!Array.isArray(tools)) throw wrong('tools', 'a list is needed');
  const made = tools.map((tool: unknown, index) => {
    if (!isObject(tool)) throw wrong(`tools[${index}]`, 'an object is needed');
    if (tool['type'] !== 'function')
      throw refused(`tools[${index}].type`, `"${String(tool['type'])}" runs at OpenAI, and the gateway may send this call elsewhere`);
    if (typeof tool['name'] !== 'string') throw wrong(`tools[${index}].name`, 'a text is needed');
    const { type, ...called } = tool;
    return { type, function: Object.fromEntries(Object.entries(called).filter(([, value]) => value !== null)) };
  });
  return made.length === 0 ? {} : { tools: made, ...choiceOf(body['tool_choice']) };
}

function choiceOf(choice: unknown): object {
  if (choice == null) return {};
  if (typeof choice === 'string') return { tool_choice: choice };
  if (isObject(choice) && choice['type'] === 'function' && typeof choice['name'] === 'string') {
    return { tool_choice: { type: 'function', function: { name: choice['name'] } } };
  }
  throw refused('tool_choice', 'auto, none, required or a function by its name is needed');
}

function logprobsOf(body: Loose): object {
  const wanted = Array.isArray(body['include']) && body['include'].includes(LOGPROBS);
  if (!wanted && body['top_logprobs'] == null) return {};
  return { logprobs: true, ...(body['top_logprobs'] == null ? {} : { top_logprobs: body['top_logprobs'] }) };
}

function textIn(value: unknown, at: string): string {
  if (typeof value !== 'string') throw wrong(at, 'a text is needed');
  return value;
}

function refused(param: string, why: string): StillhouseError {
  return new StillhouseError('invalid_request', `Invalid '${param}': ${why}`, { param });
}
