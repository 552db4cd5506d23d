/** One message as the drawer shows it. */
export interface MessageView {
  role: string;
  text: string;
  /** Tool calls, images and whatever else is no text, as JSON. */
  rest: string | null;
}

/** The messages of a recorded request; none where the body was no chat request. */
export function messagesOf(request: unknown): MessageView[] {
  const messages = field(request, 'messages');
  return Array.isArray(messages) ? messages.map((message) => viewOf(message)) : [];
}

/** The first choice's message of a recorded answer; null where there is none. */
export function answerOf(response: unknown): MessageView | null {
  const choices = field(response, 'choices');
  const message = Array.isArray(choices) ? field(choices[0], 'message') : undefined;
  return message === undefined ? null : viewOf(message);
}

function viewOf(message: unknown): MessageView {
  const role = field(message, 'role');
  const content = field(message, 'content');
  const parts: unknown[] = Array.isArray(content) ? content : [];
  const text = typeof content === 'string' ? content : parts.map((part) => textOf(part)).join('');
  const unread = parts.filter((part) => typeof field(part, 'text') !== 'string');
  const calls = field(message, 'tool_calls');
  const rest = [...unread, ...(Array.isArray(calls) ? (calls as unknown[]) : [])];
  return { role: typeof role === 'string' ? role : 'unknown', text, rest: rest.length > 0 ? JSON.stringify(rest, null, 2) : null };
}

function textOf(part: unknown): string {
  const text = field(part, 'text');
  return typeof text === 'string' ? text : '';
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
