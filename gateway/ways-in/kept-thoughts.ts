import { parseWritable } from '../../core/json-nesting.ts';
import { isObject } from '../providers/chat-fields.ts';

const MARK = 'stillhouse.';

/** A provider's own blocks of thought as one text that a client keeps and gives back. */
export function keepThoughts(blocks: readonly unknown[]): string {
  return `${MARK}${Buffer.from(JSON.stringify(blocks)).toString('base64url')}`;
}

/** Whether a text is one that `keepThoughts` made, or says so. */
export function isKept(text: unknown): text is string {
  return typeof text === 'string' && text.startsWith(MARK);
}

/** The fields of a message that hold them; nothing where the text is another's, or was altered. */
export function openThoughts(kept: unknown): { thinking_blocks?: unknown[]; reasoning_details?: unknown[] } {
  if (!isKept(kept)) return {};
  try {
    const blocks = parseWritable(Buffer.from(kept.slice(MARK.length), 'base64url').toString());
    if (!Array.isArray(blocks)) return {};
    const isDetail = (block: unknown) => isObject(block) && typeof block['type'] === 'string' && block['type'].startsWith('reasoning.');
    const details = blocks.filter(isDetail);
    const own = blocks.filter((block) => !isDetail(block));
    return { ...(own.length > 0 ? { thinking_blocks: own } : {}), ...(details.length > 0 ? { reasoning_details: details } : {}) };
  } catch {
    return {};
  }
}
