import { askedTools, chatParts, type ChatPart, type DataSource } from '../chat-parts.ts';
import { cannot, isObject, orWithout, wrong } from '../chat-fields.ts';

export type Block = Record<string, unknown>;
export interface Turn {
  role: 'user' | 'assistant';
  content: Block[];
}

/** Messages in Anthropic's shape: system ones apart, turns by turns, tool results in the user's turn, before its text. */
export function anthropicMessages(messages: readonly unknown[], prefix: string, lenient: boolean): { system: Block[]; messages: Turn[] } {
  const system: Block[] = [];
  const turns: Turn[] = [];
  /** Calls of tools in the last turn of the assistant's that have no result yet, by where they are. */
  const open = new Map<string, string>();
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isObject(message)) throw wrong(at, 'an object is needed');
    switch (message['role']) {
      case 'system':
      case 'developer':
        system.push(...marked(textBlocks(message, at, lenient), message['cache_control']));
        break;
      case 'user':
        add(turns, 'user', filled(marked(blocksOf(message['content'], `${at}.content`, lenient), message['cache_control']), at));
        break;
      case 'assistant': {
        if (turns.at(-1)?.role === 'user') answered(open);
        const blocks = marked(assistantBlocks(message, at, lenient), message['cache_control']);
        for (const { type, id } of blocks) if (type === 'tool_use') opened(open, id as string, at);
        // One that says nothing is nothing.
        if (blocks.length > 0) add(turns, 'assistant', blocks);
        break;
      }
      case 'tool':
        addResult(turns, cached(toolResult(message, at, open, lenient), message['cache_control']));
        break;
      default:
        throw wrong(`${at}.role`, 'system, developer, user, assistant or tool is needed');
    }
  });
  answered(open);
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

/** The API wants results before whatever else the user's turn has. */
function addResult(turns: Turn[], result: Block): void {
  const last = turns.at(-1);
  if (last?.role !== 'user') return void turns.push({ role: 'user', content: [result] });
  const behind = last.content.findLastIndex(({ type }) => type === 'tool_result') + 1;
  last.content.splice(behind, 0, result);
}

function opened(open: Map<string, string>, id: string, at: string): void {
  if (open.has(id)) throw wrong(`${at}.tool_calls`, `the id ${JSON.stringify(id)} is there twice`);
  open.set(id, at);
}

/** Each call has its result in the turn behind it. */
function answered(open: ReadonlyMap<string, string>): void {
  for (const [id, at] of open) throw wrong(`${at}.tool_calls`, `the call ${JSON.stringify(id)} has no result in the messages that follow`);
}

/** A last text of the assistant's is gone on from, and may not end in white space. */
function trimLast(turns: Turn[]): void {
  const last = turns.at(-1);
  const block = last?.content.at(-1);
  if (last?.role !== 'assistant' || block?.['type'] !== 'text') return;
  block['text'] = (block['text'] as string).trimEnd();
}

/** A mark on a whole message is one on its last block that can have one. */
function marked(blocks: Block[], cacheControl: unknown): Block[] {
  const last = cacheControl == null ? -1 : blocks.findLastIndex(({ type }) => !isThought(type));
  return last < 0 ? blocks : blocks.with(last, cached(blocks[last]!, cacheControl));
}

function filled(blocks: Block[], at: string): Block[] {
  if (blocks.length === 0) throw wrong(`${at}.content`, 'it is empty');
  return blocks;
}

function textBlocks(message: Record<string, unknown>, at: string, lenient: boolean): Block[] {
  return chatParts(message['content'], `${at}.content`).flatMap((part) => {
    if (part.kind !== 'text') {
      if (lenient) return [];
      throw cannot('Anthropic', part.at, 'anything but text in a system message');
    }
    return isBlank(part.text) ? [] : [cached({ type: 'text', text: part.text }, part.cacheControl)];
  });
}

function blocksOf(content: unknown, at: string, lenient: boolean): Block[] {
  return chatParts(content, at).flatMap((part) => {
    const block = orWithout(lenient, () => blockOf(part));
    return block === null ? [] : [cached(block, part.cacheControl)];
  });
}

/** null for a text of nothing but white space, which the API refuses. */
function blockOf(part: ChatPart): Block | null {
  switch (part.kind) {
    case 'text':
      return isBlank(part.text) ? null : { type: 'text', text: part.text };
    case 'image':
      return { type: 'image', source: 'url' in part.source ? { type: 'url', url: part.source.url } : base64(part.source) };
    case 'file':
      return { type: 'document', source: documentSource(part.source, part.at), ...(part.name === null ? {} : { title: part.name }) };
    case 'audio':
      throw cannot('Anthropic', part.at, 'audio');
  }
}

function documentSource(source: DataSource, at: string): Block {
  if (source.mediaType === 'application/pdf') return base64(source);
  if (!source.mediaType.startsWith('text/')) throw cannot('Anthropic', at, `files of the type ${source.mediaType}`);
  return { type: 'text', media_type: 'text/plain', data: Buffer.from(source.base64, 'base64').toString() };
}

function base64({ mediaType, base64: data }: DataSource): Block {
  return { type: 'base64', media_type: mediaType, data };
}

/** Its thinking comes first, as the API wants it back; then what it said and which tools it called. */
function assistantBlocks(message: Record<string, unknown>, at: string, lenient: boolean): Block[] {
  const thoughts = Array.isArray(message['thinking_blocks']) ? message['thinking_blocks'].filter(isObject) : [];
  const said = blocksOf(message['content'] ?? message['refusal'], `${at}.content`, lenient);
  const calls = askedTools(message, at).map(({ id, name, input }) => ({ type: 'tool_use', id: callId(id), name, input }));
  return [...thoughts.flatMap(thoughtOf), ...said, ...calls];
}

/** Without its signature a thought can't be given back. */
function thoughtOf({ type, thinking, signature, data }: Block): Block[] {
  if (type === 'redacted_thinking') return typeof data === 'string' ? [{ type, data }] : [];
  if (type !== 'thinking' || typeof signature !== 'string' || signature === '') return [];
  return [{ type, thinking: typeof thinking === 'string' ? thinking : '', signature }];
}

function isThought(type: unknown): boolean {
  return type === 'thinking' || type === 'redacted_thinking';
}

function toolResult(message: Record<string, unknown>, at: string, open: Map<string, string>, lenient: boolean): Block {
  const id = message['tool_call_id'];
  if (typeof id !== 'string') throw wrong(`${at}.tool_call_id`, 'a text is needed');
  if (!open.delete(callId(id)))
    throw wrong(`${at}.tool_call_id`, 'it is of no call in the assistant’s turn before, or has a result already');
  const content = blocksOf(message['content'], `${at}.content`, lenient);
  return { type: 'tool_result', tool_use_id: callId(id), content, ...(message['is_error'] === true ? { is_error: true } : {}) };
}

/** Other providers' ids may have letters that the API refuses: the same id becomes the same, another one another. */
function callId(id: string): string {
  const plain = id.replaceAll(/[^\w-]/gu, (letter) => `_${letter.codePointAt(0)!.toString(16)}_`);
  return plain === '' ? '_' : plain;
}

function isBlank(text: string): boolean {
  return text.trim() === '';
}
