import { askedTools, chatParts, type ChatPart } from '../chat-parts.ts';
import { cannot, isObject, orWithout, wrong } from '../chat-fields.ts';
import { textOf } from './answer.ts';

type Loose = Record<string, unknown>;
export interface BedrockTurn {
  role: 'user' | 'assistant';
  content: Loose[];
}

/** Formats by the second half of media types. */
const IMAGES: Readonly<Record<string, string>> = { png: 'png', jpeg: 'jpeg', jpg: 'jpeg', gif: 'gif', webp: 'webp' };
const DOCUMENTS: Readonly<Record<string, string>> = {
  pdf: 'pdf',
  csv: 'csv',
  html: 'html',
  plain: 'txt',
  markdown: 'md',
  msword: 'doc',
  'vnd.openxmlformats-officedocument.wordprocessingml.document': 'docx',
  'vnd.ms-excel': 'xls',
  'vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'xlsx',
};

/** Messages in Converse's shape: system ones apart, turns by turns, tool results in the user's turn. */
export function bedrockMessages(
  messages: readonly unknown[],
  prefix: string,
  lenient: boolean,
): { system: Loose[]; messages: BedrockTurn[] } {
  const system: Loose[] = [];
  const turns: BedrockTurn[] = [];
  messages.forEach((message, index) => {
    const at = `messages[${index}]`;
    if (!isObject(message)) throw wrong(at, 'an object is needed');
    const mark = cachePoint(message['cache_control']);
    switch (message['role']) {
      case 'system':
      case 'developer':
        system.push(...systemBlocks(message['content'], `${at}.content`, lenient), ...mark);
        break;
      case 'user':
        add(turns, 'user', [...filled(blocksOf(message['content'], `${at}.content`, lenient), at), ...mark]);
        break;
      case 'assistant':
        add(turns, 'assistant', [...filled(assistantBlocks(message, at, lenient), at), ...mark]);
        break;
      case 'tool':
        add(turns, 'user', [toolResult(message, at, lenient), ...mark]);
        break;
      default:
        throw wrong(`${at}.role`, 'system, developer, user, assistant or tool is needed');
    }
  });
  // A last text of the assistant's may not end in white space.
  if (prefix.trimEnd() !== '') add(turns, 'assistant', [{ text: prefix.trimEnd() }]);
  if (turns.length === 0) throw wrong('messages', 'a message besides the system’s is needed');
  tellApart(turns);
  return { system, messages: turns };
}

/** Tools that the conversation has calls of. */
export function toolsCalled(turns: readonly BedrockTurn[]): string[] {
  const names = turns.flatMap(({ content }) => content.map(({ toolUse }) => (isObject(toolUse) ? textOf(toolUse['name']) : '')));
  return [...new Set(names.filter((name) => name !== ''))];
}

/** A mark for the prompt cache stands behind what is to be cached. */
export function cachePoint(cacheControl: unknown): Loose[] {
  if (cacheControl == null) return [];
  const ttl = isObject(cacheControl) ? cacheControl['ttl'] : undefined;
  return [{ cachePoint: { type: 'default', ...(typeof ttl === 'string' ? { ttl } : {}) } }];
}

/** One speaker's messages in a row are one turn. */
function add(turns: BedrockTurn[], role: BedrockTurn['role'], content: Loose[]): void {
  const last = turns.at(-1);
  if (last?.role === role) last.content.push(...content);
  else turns.push({ role, content });
}

function filled(blocks: Loose[], at: string): Loose[] {
  if (blocks.length === 0) throw wrong(`${at}.content`, 'it is empty');
  return blocks;
}

function systemBlocks(content: unknown, at: string, lenient: boolean): Loose[] {
  return chatParts(content, at).flatMap((part) => {
    if (part.kind !== 'text') {
      if (lenient) return [];
      throw cannot('Bedrock', part.at, 'anything but text in a system message');
    }
    return part.text === '' ? [] : [{ text: part.text }, ...cachePoint(part.cacheControl)];
  });
}

function blocksOf(content: unknown, at: string, lenient: boolean): Loose[] {
  return chatParts(content, at).flatMap((part) => {
    const block = orWithout(lenient, () => blockOf(part));
    return block === null ? [] : [block, ...cachePoint(part.cacheControl)];
  });
}

function blockOf(part: ChatPart): Loose | null {
  if (part.kind === 'text') return part.text.trim() === '' ? null : { text: part.text };
  if (part.kind === 'audio') throw cannot('Bedrock', part.at, 'audio');
  if ('url' in part.source) throw cannot('Bedrock', part.at, 'images by their address');
  const { mediaType, base64 } = part.source;
  const [, format = ''] = mediaType.split('/');
  const bytes = Buffer.from(base64, 'base64');
  if (part.kind === 'image') {
    const image = IMAGES[format];
    if (image === undefined) throw cannot('Bedrock', part.at, `images of the type ${mediaType}`);
    return { image: { format: image, source: { bytes } } };
  }
  const document = DOCUMENTS[format];
  if (document === undefined) throw cannot('Bedrock', part.at, `documents of the type ${mediaType}`);
  return { document: { format: document, name: documentName(part.name), source: { bytes } } };
}

/** Letters, digits, single spaces, hyphens and brackets are all that a name may have. */
function documentName(name: string | null): string {
  const plain = (name ?? 'document')
    .replaceAll(/[^\w\s()[\]-]+/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('_', '-')
    .trim();
  return plain === '' ? 'document' : plain;
}

/** Two documents of one name are refused. */
function tellApart(turns: readonly BedrockTurn[]): void {
  const taken = new Map<string, number>();
  for (const { document } of turns.flatMap(({ content }) => content)) {
    if (!isObject(document)) continue;
    const name = textOf(document['name']);
    const before = taken.get(name) ?? 0;
    taken.set(name, before + 1);
    if (before > 0) document['name'] = `${name} (${before + 1})`;
  }
}

/** Its thinking comes first, then what it said and which tools it called. */
function assistantBlocks(message: Loose, at: string, lenient: boolean): Loose[] {
  const thoughts = Array.isArray(message['thinking_blocks']) ? message['thinking_blocks'].filter(isObject) : [];
  const reasoning = thoughts.flatMap((block): Loose[] => {
    const { type, data, signature } = block;
    if (type === 'redacted_thinking')
      return typeof data === 'string' ? [{ reasoningContent: { redactedContent: Buffer.from(data, 'base64') } }] : [];
    // Without its signature a thought can't be given back.
    if (typeof signature !== 'string' || signature === '') return [];
    return [{ reasoningContent: { reasoningText: { text: textOf(block['thinking']), signature } } }];
  });
  const calls = askedTools(message, at).map(({ id, name, input }) => ({ toolUse: { toolUseId: id, name, input } }));
  return [...reasoning, ...blocksOf(message['content'] ?? message['refusal'], `${at}.content`, lenient), ...calls];
}

function toolResult(message: Loose, at: string, lenient: boolean): Loose {
  if (typeof message['tool_call_id'] !== 'string') throw wrong(`${at}.tool_call_id`, 'a text is needed');
  const content = blocksOf(message['content'], `${at}.content`, lenient);
  const status = message['is_error'] === true ? { status: 'error' } : {};
  return { toolResult: { toolUseId: message['tool_call_id'], content: content.length > 0 ? content : [{ text: '(empty)' }], ...status } };
}
