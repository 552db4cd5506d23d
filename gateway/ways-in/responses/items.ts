import { isObject, wrong } from '../../providers/chat-fields.ts';
import { quoted } from '../hostile-json.ts';
import { openThoughts } from '../kept-thoughts.ts';

type Loose = Record<string, unknown>;

/**
 * Items of an input as messages: what the assistant thought, said and called between two others' items is one message, for
 * results must follow their calls. Two things that it said in a row, without a call, are two.
 */
export function itemsToMessages(input: unknown): Loose[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  if (!Array.isArray(input)) throw wrong('input', 'a text or a list of items is needed');
  const messages: Loose[] = [];
  /** The assistant's message in the making. */
  let own: Loose | null = null;
  const assistant = (another: boolean): Loose => {
    if (own === null || (another && own['content'] !== null && own['tool_calls'] === undefined))
      messages.push((own = { role: 'assistant', content: null }));
    return own;
  };
  const others = (message: Loose) => {
    own = null;
    messages.push(message);
  };
  input.forEach((item: unknown, index) => {
    const at = `input[${index}]`;
    if (!isObject(item)) throw wrong(at, 'an object is needed');
    switch (typeOf(item)) {
      case 'message':
        if (item['role'] === 'assistant') say(assistant(true), contentOf(item['content'], `${at}.content`));
        else others(messageOf(item, at));
        break;
      case 'reasoning':
        think(assistant(true), item);
        break;
      case 'function_call':
        call(assistant(false), callOf(item, at));
        break;
      case 'function_call_output':
        others(outputOf(item, at));
        break;
      default:
        throw wrong(`${at}.type`, `${quoted(typeOf(item))} is nothing that the gateway can pass on to every provider`);
    }
  });
  return withoutThoughtsAlone(messages);
}

/** A provider's blocks may come behind what was said: they are that message's. Thoughts that came to nothing are none. */
function withoutThoughtsAlone(messages: readonly Loose[]): Loose[] {
  const kept: Loose[] = [];
  for (const message of messages) {
    const { role, content, tool_calls: calls, ...thoughts } = message;
    const before = kept.at(-1);
    if (role !== 'assistant' || content !== null || calls) kept.push(message);
    else if (before?.['role'] === 'assistant') addThoughts(before, thoughts);
  }
  return kept;
}

/** The type may be left out of messages, and of references. */
function typeOf(item: Loose): unknown {
  return item['type'] ?? (item['role'] === undefined && typeof item['id'] === 'string' ? 'item_reference' : 'message');
}

function say(message: Loose, content: string | Loose[]): void {
  const before = message['content'] as string | Loose[] | null;
  if (before === null) message['content'] = content;
  else if (typeof before === 'string' && typeof content === 'string') message['content'] = before + content;
  else message['content'] = [...partsIn(before), ...partsIn(content)];
}

function partsIn(content: string | Loose[]): Loose[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

function call(message: Loose, made: Loose): void {
  const calls = (message['tool_calls'] ??= []) as Loose[];
  calls.push(made);
}

function messageOf(item: Loose, at: string): Loose {
  const { role } = item;
  if (role !== 'user' && role !== 'system' && role !== 'developer')
    throw wrong(`${at}.role`, 'user, assistant, system or developer is needed');
  return { role, content: contentOf(item['content'], `${at}.content`) };
}

/** A text, or parts; parts of text alone are one text. */
function contentOf(content: unknown, at: string): string | Loose[] {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw wrong(at, 'a text or a list of parts is needed');
  const parts = content.map((part: unknown, index) => partOf(part, `${at}[${index}]`));
  return parts.every((part) => part['type'] === 'text') ? parts.map((part) => part['text'] as string).join('') : parts;
}

function partOf(part: unknown, at: string): Loose {
  if (!isObject(part)) throw wrong(at, 'an object is needed');
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      if (typeof part['text'] !== 'string') throw wrong(`${at}.text`, 'a text is needed');
      return { type: 'text', text: part['text'] };
    case 'refusal':
      return { type: 'text', text: typeof part['refusal'] === 'string' ? part['refusal'] : '' };
    case 'input_image': {
      const { image_url: url, detail } = part;
      if (typeof url !== 'string') throw wrong(`${at}.image_url`, 'the image or its address is needed; files of OpenAI’s are not at hand');
      return { type: 'image_url', image_url: { url, ...(typeof detail === 'string' ? { detail } : {}) } };
    }
    case 'input_file': {
      const { file_data: data, filename } = part;
      if (typeof data !== 'string') throw wrong(`${at}.file_data`, 'the file itself is needed; files of OpenAI’s are not at hand');
      return { type: 'file', file: { file_data: data, ...(typeof filename === 'string' ? { filename } : {}) } };
    }
    default:
      throw wrong(`${at}.type`, `${quoted(part['type'])} is no part of a message`);
  }
}

/** What it thought, as it was given out: blocks of its provider's own in `encrypted_content`, else its text. */
function think(message: Loose, item: Loose): void {
  const texts = [item['summary'], item['content']].flatMap((list) => (Array.isArray(list) ? list : [])).filter(isObject);
  const text = texts.map((one) => (typeof one['text'] === 'string' ? one['text'] : '')).join('');
  addThoughts(message, { ...openThoughts(item['encrypted_content']), ...(text === '' ? {} : { reasoning_content: text }) });
}

/** Behind those that it has. */
function addThoughts(message: Loose, thoughts: Loose): void {
  for (const [field, more] of Object.entries(thoughts)) {
    const before = message[field];
    message[field] = Array.isArray(more)
      ? [...((before as unknown[] | undefined) ?? []), ...more]
      : ((before as string | undefined) ?? '') + String(more);
  }
}

function callOf(item: Loose, at: string): Loose {
  const { call_id: id, name, arguments: args } = item;
  if (typeof id !== 'string') throw wrong(`${at}.call_id`, 'a text is needed');
  if (typeof name !== 'string') throw wrong(`${at}.name`, 'a text is needed');
  return { id, type: 'function', function: { name, arguments: typeof args === 'string' ? args : JSON.stringify(args ?? {}) } };
}

function outputOf(item: Loose, at: string): Loose {
  const { call_id: id, output } = item;
  if (typeof id !== 'string') throw wrong(`${at}.call_id`, 'a text is needed');
  return { role: 'tool', tool_call_id: id, content: contentOf(output, `${at}.output`) };
}
