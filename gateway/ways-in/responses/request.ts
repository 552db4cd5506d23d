import { isObject, wrong } from '../../providers/chat-fields.ts';
import { checkNesting } from '../hostile-json.ts';
import { itemsToMessages } from './items.ts';
import { toolsToChat } from './tools.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Fields that are the same in the chat form. */
const SAME = [
  'model',
  'temperature',
  'top_p',
  'stream',
  'metadata',
  'user',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
] as const;
/** `store` and `previous_response_id` are the gateway's own affair; `truncation` and `include` are looked at below. */
const OWN =
  'input instructions max_output_tokens text tools tool_choice parallel_tool_calls reasoning include truncation top_logprobs ' +
  'store previous_response_id stream_options background';
export const RESPONSES_FIELDS: ReadonlySet<string> = new Set([...SAME, ...OWN.split(' ')]);
const LOGPROBS = 'message.output_text.logprobs';
const INCLUDED = new Set<unknown>([LOGPROBS, 'reasoning.encrypted_content']);

/** A body of `/v1/responses` in the chat form. */
export function responsesToChat(body: Loose): Record<string, unknown> {
  checkNesting(body);
  checkFields(body);
  const { instructions, reasoning, text } = body;
  const effort = isObject(reasoning) ? reasoning['effort'] : undefined;
  const verbosity = isObject(text) ? text['verbosity'] : undefined;
  const said = itemsToMessages(body['input']);
  if (said.length === 0 && body['previous_response_id'] == null) throw wrong('input', 'it is empty');
  return {
    ...Object.fromEntries(SAME.filter((field) => body[field] != null).map((field) => [field, body[field]])),
    messages: [...(instructions == null ? [] : [{ role: 'system', content: textIn(instructions, 'instructions') }]), ...said],
    ...(body['max_output_tokens'] == null ? {} : { max_completion_tokens: body['max_output_tokens'] }),
    ...formatOf(text),
    ...(verbosity == null ? {} : { verbosity }),
    ...toolsToChat(body),
    ...(effort == null ? {} : { reasoning_effort: effort }),
    ...logprobsOf(body),
    ...(body['stream'] === true ? { stream_options: { include_usage: true } } : {}),
  };
}

function checkFields(body: Loose): void {
  for (const [field, value] of Object.entries(body)) {
    if (value != null && !RESPONSES_FIELDS.has(field)) throw wrong(field, 'the gateway cannot do this for every provider');
  }
  if (body['background'] === true) throw wrong('background', 'answers are given while the caller waits');
  if (body['truncation'] != null && body['truncation'] !== 'disabled')
    throw wrong('truncation', 'the gateway leaves nothing out of a conversation');
  const { include } = body;
  if (include == null) return;
  if (!Array.isArray(include)) throw wrong('include', 'a list is needed');
  const odd = include.findIndex((one) => !INCLUDED.has(one));
  if (odd >= 0) throw wrong(`include[${odd}]`, 'this belongs to a tool that runs at OpenAI');
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

function logprobsOf(body: Loose): object {
  const wanted = Array.isArray(body['include']) && body['include'].includes(LOGPROBS);
  const top = body['top_logprobs'] ?? 0;
  if (!wanted && top === 0) return {};
  return { logprobs: true, ...(top === 0 ? {} : { top_logprobs: top }) };
}

function textIn(value: unknown, at: string): string {
  if (typeof value !== 'string') throw wrong(at, 'a text is needed');
  return value;
}
