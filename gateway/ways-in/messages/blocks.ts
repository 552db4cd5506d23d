import { isObject, wrong } from '../../providers/chat-fields.ts';
import { quoted } from '../hostile-json.ts';

export type Loose = Record<string, unknown>;

export function chatContent(blocks: unknown, at: string): Loose[] {
  if (!Array.isArray(blocks)) throw wrong(at, 'a list of blocks is needed');
  return blocks.map((block: unknown, index) => partOf(block, `${at}[${index}]`));
}

export function textOfBlocks(blocks: readonly Loose[]): string {
  return blocks.map((block) => (typeof block['text'] === 'string' ? block['text'] : '')).join('');
}

/** A block of text, an image or a document as a part of the chat form, its mark for the cache kept. */
export function partOf(block: unknown, at: string): Loose {
  if (!isObject(block)) throw wrong(at, 'an object is needed');
  const part = bare(block, at);
  return block['cache_control'] == null ? part : { ...part, cache_control: block['cache_control'] };
}

function bare(block: Loose, at: string): Loose {
  switch (block['type']) {
    case 'text':
      if (typeof block['text'] !== 'string') throw wrong(`${at}.text`, 'a text is needed');
      return { type: 'text', text: block['text'] };
    case 'image':
      return { type: 'image_url', image_url: { url: addressOf(block['source'], `${at}.source`) } };
    case 'document':
      return documentOf(block, at);
    default:
      throw wrong(`${at}.type`, `${quoted(block['type'])} is nothing that the gateway can pass on`);
  }
}

function documentOf(block: Loose, at: string): Loose {
  const { source, title, citations } = block;
  if (isObject(citations) && citations['enabled'] === true) throw wrong(`${at}.citations`, 'few providers quote their sources');
  // A document of plain text is a text.
  if (isObject(source) && source['type'] === 'text' && typeof source['data'] === 'string') return { type: 'text', text: source['data'] };
  const address = addressOf(source, `${at}.source`);
  if (!address.startsWith('data:')) throw wrong(`${at}.source.type`, 'the document itself is needed, in base64 or as text');
  return { type: 'file', file: { file_data: address, ...(typeof title === 'string' ? { filename: title } : {}) } };
}

function addressOf(source: unknown, at: string): string {
  if (!isObject(source)) throw wrong(at, 'an object is needed');
  if (source['type'] === 'url' && typeof source['url'] === 'string') return source['url'];
  if (source['type'] === 'base64' && typeof source['media_type'] === 'string' && typeof source['data'] === 'string') {
    return `data:${source['media_type']};base64,${source['data']}`;
  }
  throw wrong(`${at}.type`, 'base64 or url is needed');
}
