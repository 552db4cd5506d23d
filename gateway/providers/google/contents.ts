import { askedTools, chatParts, type ChatPart } from '../chat-parts.ts';
import { cannot, isObject, wrong } from '../chat-fields.ts';

export type Part = Record<string, unknown>;
export interface Content {
  role: 'user' | 'model';
  parts: Part[];
}

/** Messages as contents: system ones apart, turns by turns, results of tools by their functions' names. */
export function googleContents(messages: readonly unknown[]): { system: Part[]; contents: Content[] } {
  const system: Part[] = [];
  const contents: Content[] = [];
  const names = new Map<string, string>();
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isObject(message)) throw wrong(at, 'an object is needed');
    switch (message['role']) {
      case 'system':
      case 'developer':
        system.push(...textParts(message['content'], `${at}.content`));
        break;
      case 'user':
        add(contents, 'user', filled(partsOf(message['content'], `${at}.content`), at));
        break;
      case 'assistant':
        add(contents, 'model', filled(modelParts(message, at, names), at));
        break;
      case 'tool':
        add(contents, 'user', [toolResult(message, at, names)]);
        break;
      default:
        throw wrong(`${at}.role`, 'system, developer, user, assistant or tool is needed');
    }
  });
  if (contents.length === 0) throw wrong('messages', 'a message besides the system’s is needed');
  return { system, contents };
}

/** One speaker's messages in a row are one turn. */
function add(contents: Content[], role: Content['role'], parts: Part[]): void {
  const last = contents.at(-1);
  if (last?.role === role) last.parts.push(...parts);
  else contents.push({ role, parts });
}

function filled(parts: Part[], at: string): Part[] {
  if (parts.length === 0) throw wrong(`${at}.content`, 'it is empty');
  return parts;
}

function textParts(content: unknown, at: string): Part[] {
  return chatParts(content, at).flatMap((part) => {
    if (part.kind !== 'text') throw cannot('Google', part.at, 'anything but text in a system message');
    return part.text === '' ? [] : [{ text: part.text }];
  });
}

function partsOf(content: unknown, at: string): Part[] {
  return chatParts(content, at).flatMap((part) => {
    const made = partOf(part);
    return made === null ? [] : [made];
  });
}

function partOf(part: ChatPart): Part | null {
  if (part.kind === 'text') return part.text === '' ? null : { text: part.text };
  const { source, at } = part;
  if ('base64' in source) return { inlineData: { mimeType: source.mediaType, data: source.base64 } };
  // Files that were uploaded to Google, and nothing else by its address.
  if (source.url.startsWith('https://generativelanguage.googleapis.com/') || source.url.startsWith('gs://'))
    return { fileData: { fileUri: source.url } };
  throw cannot('Google', at, 'images by their address');
}

/** What it said and which functions it called, with the signatures of its thoughts where they were kept. */
function modelParts(message: Record<string, unknown>, at: string, names: Map<string, string>): Part[] {
  const said = partsOf(message['content'] ?? message['refusal'], `${at}.content`);
  const calls = askedTools(message, at).map(({ id, name, input, extra }): Part => {
    names.set(id, name);
    const google = isObject(extra) && isObject(extra['google']) ? extra['google'] : {};
    const signature = google['thought_signature'];
    return { functionCall: { name, args: input }, ...(typeof signature === 'string' ? { thoughtSignature: signature } : {}) };
  });
  return [...said, ...calls];
}

function toolResult(message: Record<string, unknown>, at: string, names: ReadonlyMap<string, string>): Part {
  const id = message['tool_call_id'];
  const name = typeof id === 'string' ? names.get(id) : undefined;
  if (name === undefined) throw wrong(`${at}.tool_call_id`, 'it is of no tool call before it');
  const parts = chatParts(message['content'], `${at}.content`);
  const other = parts.find((part) => part.kind !== 'text');
  if (other) throw cannot('Google', other.at, 'anything but text as a tool’s result');
  const text = parts.map((part) => (part.kind === 'text' ? part.text : '')).join('');
  return { functionResponse: { name, response: objectOf(text) } };
}

/** A response must be an object: JSON that is one goes as it is, anything else as its `result`. */
function objectOf(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch {
    // A text.
  }
  return { result: text };
}
