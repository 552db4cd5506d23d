import type { Message } from '../../../contracts/chat.ts';
import { StillhouseError } from '../../../contracts/errors.ts';
import { type ChatRequest, editedRequest } from '../../chat/chat-request.ts';
import { OR_LENIENT, wrong } from '../chat-fields.ts';

/** Fields that mean nothing without those that a student can't do, and that servers refuse alone. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  tools: ['tool_choice', 'parallel_tool_calls'],
  functions: ['function_call'],
  modalities: ['audio'],
};

/**
 * The request as a language-model student can do it: the same object where it reads and writes text. What else is asked is refused
 * by name, and left out for a lenient caller.
 */
export function textAlone(request: ChatRequest, name: string): ChatRequest {
  const cannot = (param: string, what: string) =>
    new StillhouseError('invalid_request', `The student "${name}" reads and writes text: it cannot do ${what}. ${OR_LENIENT}`, { param });
  const changes: Record<string, unknown> & { messages?: readonly Message[] } = {};
  for (const [field, what] of unsupportedIn(request.body)) {
    if (!request.lenient) throw cannot(field, what);
    for (const left of [field, ...(BESIDE[field] ?? [])]) if (left in request.body) changes[left] = undefined;
  }
  const messages = request.messages.flatMap((message, index): readonly Message[] => {
    const what = otherThanText(message);
    if (what === null) return [message];
    const text = request.lenient ? withTextAlone(message) : null;
    // The turns of tools are between the model and the application; what a person said can't be left out whole.
    if (text === null && !request.lenient) throw cannot(`messages[${index}]`, what);
    if (text === null && !isOfTools(message)) throw wrong(`messages[${index}]`, `the student "${name}" needs text in it`);
    return text === null ? [] : [text];
  });
  if (messages.length === 0) throw wrong('messages', `the student "${name}" needs text in one of them`);
  if (messages.some((message, index) => message !== request.messages[index]) || messages.length < request.messages.length)
    changes.messages = messages;
  return Object.keys(changes).length === 0 ? request : editedRequest(request, changes);
}

/** Fields that a student can't do, each with what it asks for. */
function unsupportedIn(body: ChatRequest['body']): [string, string][] {
  const { tools, functions, n, modalities } = body;
  const found: [string, string][] = [];
  if (Array.isArray(tools) && tools.length > 0) found.push(['tools', 'tool calls']);
  if (Array.isArray(functions) && functions.length > 0) found.push(['functions', 'function calls']);
  if (typeof n === 'number' && n !== 1) found.push(['n', 'more than one choice']);
  if (Array.isArray(modalities) && modalities.some((one) => one !== 'text')) found.push(['modalities', 'anything but text']);
  return found;
}

/** What of a message is no text, in words; null where all is. */
function otherThanText(message: Message): string | null {
  if (isOfTools(message)) return 'tool calls';
  if (!Array.isArray(message.content)) return null;
  const other = message.content.find((part: { type?: unknown } | null) => part?.type !== 'text');
  return other === undefined ? null : `parts of the type "${String(other?.type)}"`;
}

function isOfTools(message: Message): boolean {
  return message['tool_calls'] != null || message.role === 'tool' || message.role === 'function';
}

/** null where it has none. */
function withTextAlone(message: Message): Message | null {
  if (message.role === 'tool' || message.role === 'function') return null;
  const { tool_calls: _, ...rest } = message;
  const { content } = rest;
  if (!Array.isArray(content)) return content == null || content === '' ? null : (rest as Message);
  const texts = content.filter((part: { type?: unknown } | null) => part?.type === 'text');
  return texts.length === 0 ? null : ({ ...rest, content: texts } as Message);
}
