import { createHash } from 'node:crypto';
import { isObject } from './chat-fields.ts';

/**
 * Messages for providers that refuse what they don't know. A client gives an answer back as it came, with what this gateway, or
 * another provider, had put into it. What is left out here is a hint, or belongs to the answer and not to the conversation.
 */
export type Message = Readonly<Record<string, unknown>>;

/** Fields whose absence changes nothing of what is asked. */
const LEFT_OUT = new Set([
  'cache_control',
  'thinking_blocks',
  'reasoning_details',
  'annotations',
  'extra_content',
  'is_error',
  'audio',
  'refusal',
]);
const EMPTY_CALL = 'function_call';

/** The message in the fields that OpenAI's own have; `reasoning` names the field that takes an answer's reasoning, if any does. */
export function plainMessage(message: Message, reasoning: string | null): Message {
  if (!needsMending(message, reasoning)) return message;
  const made: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(message)) {
    if (LEFT_OUT.has(field) || (field === EMPTY_CALL && value == null)) continue;
    if (field !== 'reasoning_content') made[field] = value;
    else if (reasoning !== null && typeof value === 'string' && value !== '') made[reasoning] = value;
  }
  // A refusal is what it said.
  if (made['content'] == null && typeof message['refusal'] === 'string') made['content'] = message['refusal'];
  if (Array.isArray(made['content'])) made['content'] = made['content'].map(plainPart);
  if (Array.isArray(made['tool_calls'])) made['tool_calls'] = made['tool_calls'].map((call: unknown) => without(call, 'extra_content'));
  return made;
}

function needsMending(message: Message, reasoning: string | null): boolean {
  const { content, tool_calls: calls } = message;
  return (
    Object.keys(message).some(
      (field) => LEFT_OUT.has(field) || field === EMPTY_CALL || (field === 'reasoning_content' && field !== reasoning),
    ) ||
    (Array.isArray(content) && content.some((part) => isObject(part) && ('cache_control' in part || part['type'] === 'refusal'))) ||
    (Array.isArray(calls) && calls.some((call) => isObject(call) && 'extra_content' in call))
  );
}

function plainPart(part: unknown): unknown {
  if (isObject(part) && part['type'] === 'refusal') return { type: 'text', text: part['refusal'] };
  return without(part, 'cache_control');
}

/** Of the above, what other providers' answers and prompts have and OpenAI's never do. */
const HINTS = new Set(['cache_control', 'thinking_blocks', 'reasoning_details', 'reasoning_content', 'extra_content', 'is_error']);

/** The message without hints for another provider; all else as it came, and the same object where there are none. */
export function withoutHints(message: Message): Message {
  const { content, tool_calls: calls } = message;
  const fields = Object.keys(message).filter((field) => HINTS.has(field));
  const marked = Array.isArray(content) && content.some((part) => isObject(part) && 'cache_control' in part);
  const signed = Array.isArray(calls) && calls.some((call) => isObject(call) && 'extra_content' in call);
  if (fields.length === 0 && !marked && !signed) return message;
  const made = Object.fromEntries(Object.entries(message).filter(([field]) => !HINTS.has(field)));
  if (marked) made['content'] = content.map((part: unknown) => without(part, 'cache_control'));
  if (signed) made['tool_calls'] = calls.map((call: unknown) => without(call, 'extra_content'));
  return made;
}

/** The tools without marks for another provider's prompt cache. */
export function plainTools(tools: unknown): unknown {
  if (!Array.isArray(tools) || !tools.some((tool) => isObject(tool) && 'cache_control' in tool)) return tools;
  return tools.map((tool: unknown) => without(tool, 'cache_control'));
}

function without(value: unknown, field: string): unknown {
  if (!isObject(value) || !(field in value)) return value;
  const { [field]: _, ...rest } = value;
  return rest;
}

/** The message with its reasoning under another name; all else as it came. */
export function reasoningNamed(message: Message, name: string): Message {
  const { reasoning_content: reasoning, ...rest } = message;
  return typeof reasoning === 'string' && rest[name] === undefined ? { ...rest, [name]: reasoning } : message;
}

/** Ollama finds a result's call only where its content is one text. */
export function ollamaMessage(message: Message): Message {
  const plain = plainMessage(message, 'reasoning');
  const { role, content } = plain;
  if (role !== 'tool' || !Array.isArray(content) || !content.every((part) => isObject(part) && part['type'] === 'text')) return plain;
  return { ...plain, content: content.map((part: Record<string, unknown>) => part['text']).join('') };
}

/** Mistral takes reasoning back as a part of the content, and ids of tool calls of nine letters and digits. */
export function mistralMessage(message: Message): Message {
  const plain = plainMessage(message, 'reasoning_content');
  const { reasoning_content: reasoning, tool_calls: calls, tool_call_id: id, ...rest } = plain;
  const renamed = Array.isArray(calls) && calls.some((call) => isObject(call) && call['id'] !== shortId(call['id']));
  if (reasoning === undefined && !renamed && id === shortId(id)) return plain;
  return {
    ...rest,
    ...(typeof reasoning === 'string' && reasoning !== '' ? { content: withThinking(reasoning, rest['content']) } : {}),
    ...(Array.isArray(calls)
      ? { tool_calls: calls.map((call: unknown) => (isObject(call) ? { ...call, id: shortId(call['id']) } : call)) }
      : {}),
    ...(id === undefined ? {} : { tool_call_id: shortId(id) }),
  };
}

function withThinking(reasoning: string, content: unknown): object[] {
  const said = typeof content === 'string' && content !== '' ? [{ type: 'text', text: content }] : [];
  return [{ type: 'thinking', thinking: [{ type: 'text', text: reasoning }] }, ...(Array.isArray(content) ? (content as object[]) : said)];
}

/** The same id for the same call, so that results find their calls. */
function shortId(id: unknown): unknown {
  if (typeof id !== 'string' || /^[A-Za-z0-9]{9}$/.test(id)) return id;
  return createHash('sha256').update(id).digest('hex').slice(0, 9);
}
