import { askedTools, chatParts, type ChatPart } from '../chat-parts.ts';
import { cannot, isObject, wrong } from '../chat-fields.ts';

export type Block = Record<string, unknown>;
export interface Turn {
  role: 'user' | 'assistant';
  content: Block[];
}

/** Messages in Anthropic's shape: system ones apart, turns by turns, tool results in the user's turn, before its text. */
export function anthropicMessages(messages: readonly unknown[], prefix: string): { system: Block[]; messages: Turn[] } {
  const system: Block[] = [];
  const turns: Turn[] = [];
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isObject(message)) throw wrong(at, 'an object is needed');
    const { role } = message;
    if (role === 'system' || role === 'developer') system.push(...marked(textBlocks(message, at), message['cache_control']));
    else if (role === 'user')
      add(turns, 'user', filled(marked(blocksOf(message['content'], `${at}.content`), message['cache_control']), at));
    else if (role === 'assistant') add(turns, 'assistant', filled(marked(assistantBlocks(message, at), message['cache_control']), at));
    else if (role === 'tool') add(turns, 'user', [cached(toolResult(message, at), message['cache_control'])]);
    else throw wrong(`${at}.role`, 'system, developer, user, assistant or tool is needed');
  });
  if (prefix.trimEnd() !== '') add(turns, 'assistant', [{ type: 'text', text: prefix }]);
  trimLast(turns);
  if (turns.length === 0) throw wrong('messages', 'a message besides the system’s is needed');
  return { system, messages: turns };
}

/** The block with its mark for the prompt cache, where it has one. */
export function cached<T extends object>(block: T, cacheControl: unknown): T {
  return cacheControl == null ? block : { ...block, cache_control: cacheControl };
}

/** One speaker's messages in a row are one turn. */
function add(turns: Turn[], role: Turn['role'], content: Block[]): void {
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...content);
  else turns.push({ role, content });
}

/** A last text of the assistant's is gone on from, and may not end in white space. */
function trimLast(turns: Turn[]): void {
  const last = turns.at(-1);
  const block = last?.content.at(-1);
  if (last?.role !== 'assistant' || block?.['type'] !== 'text') return;
  block['text'] = (block['text'] as string).trimEnd();
  if (block['text'] === '') last.content.pop();
  if (last.content.length === 0) turns.pop();
}

/** A mark on a whole message is one on its last block. */
function marked(blocks: Block[], cacheControl: unknown): Block[] {
  return blocks.map((block, index) => (index === blocks.length - 1 ? cached(block, cacheControl) : block));
}

function filled(blocks: Block[], at: string): Block[] {
  if (blocks.length === 0) throw wrong(`${at}.content`, 'it is empty');
  return blocks;
}

function textBlocks(message: Record<string, unknown>, at: string): Block[] {
  return chatParts(message['content'], `${at}.content`).flatMap((part) => {
    if (part.kind !== 'text') throw cannot('Anthropic', part.at, 'anything but text in a system message');
    return part.text === '' ? [] : [cached({ type: 'text', text: part.text }, part.cacheControl)];
  });
}

function blocksOf(content: unknown, at: string): Block[] {
  return chatParts(content, at).flatMap((part) => {
    const block = blockOf(part);
    return block === null ? [] : [cached(block, part.cacheControl)];
  });
}

/** null for an empty text, which the API refuses. */
function blockOf(part: ChatPart): Block | null {
  switch (part.kind) {
    case 'text':
      return part.text === '' ? null : { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: 'url' in part.source ? { type: 'url', url: part.source.url } : base64(part.source) };
    case 'file':
      return { type: 'document', source: base64(part.source), ...(part.name === null ? {} : { title: part.name }) };
    case 'audio':
      throw cannot('Anthropic', part.at, 'audio');
  }
}

function base64({ mediaType, base64: data }: { mediaType: string; base64: string }): Block {
  return { type: 'base64', media_type: mediaType, data };
}

/** Its thinking comes first, as the API wants it back; then what it said and which tools it called. */
function assistantBlocks(message: Record<string, unknown>, at: string): Block[] {
  const thoughts = Array.isArray(message['thinking_blocks']) ? message['thinking_blocks'].filter(isObject) : [];
  const said = blocksOf(message['content'] ?? message['refusal'], `${at}.content`);
  const calls = askedTools(message, at).map(({ id, name, input }) => ({ type: 'tool_use', id, name, input }));
  // Without its signature a thought can't be given back.
  return [
    ...thoughts.filter((block) => block['type'] === 'redacted_thinking' || typeof block['signature'] === 'string'),
    ...said,
    ...calls,
  ];
}

function toolResult(message: Record<string, unknown>, at: string): Block {
  if (typeof message['tool_call_id'] !== 'string') throw wrong(`${at}.tool_call_id`, 'a text is needed');
  const content = blocksOf(message['content'], `${at}.content`);
  return {
    type: 'tool_result',
    tool_use_id: message['tool_call_id'],
    content,
    ...(message['is_error'] === true ? { is_error: true } : {}),
  };
}
