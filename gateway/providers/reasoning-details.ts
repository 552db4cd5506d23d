import { isObject } from './chat-fields.ts';

/**
 * OpenRouter's `reasoning_details` (https://openrouter.ai/docs/use-cases/reasoning-tokens): what a model thought, as its maker wants
 * it back, signatures and encrypted blocks among it. The whole sequence goes back as it came, with the message that it came with.
 */
export type ReasoningDetail = Record<string, unknown>;

export const DETAILS = 'reasoning_details';

/** Fields that grow from chunk to chunk; of all others the newest counts. */
const GROWING = new Set(['text', 'summary', 'data']);

/** The blocks of a message or a delta. */
export function reasoningDetails(part: Readonly<Record<string, unknown>>): ReasoningDetail[] {
  const details = part[DETAILS];
  return Array.isArray(details) ? details.filter(isObject) : [];
}

/** What they say that can be read; encrypted blocks say nothing. */
export function textOfDetails(details: readonly ReasoningDetail[]): string {
  const texts = details.map(({ type, text, summary }) => (type === 'reasoning.summary' ? summary : text));
  return texts.filter((text) => typeof text === 'string').join('');
}

/** Puts the pieces of a stream together: one goes on with the block before it where kind and index are the same. */
export function mergeDetails(before: readonly ReasoningDetail[], pieces: readonly ReasoningDetail[]): readonly ReasoningDetail[] {
  if (pieces.length === 0) return before;
  const merged = [...before];
  for (const piece of pieces) {
    const last = merged.at(-1);
    if (last && goesOn(last, piece)) merged[merged.length - 1] = grown(last, piece);
    else merged.push({ ...piece });
  }
  return merged;
}

/** An encrypted block is whole: two of them are two. */
function goesOn(last: ReasoningDetail, piece: ReasoningDetail): boolean {
  const { type } = piece;
  return (type === 'reasoning.text' || type === 'reasoning.summary') && last['type'] === type && last['index'] === piece['index'];
}

function grown(last: ReasoningDetail, piece: ReasoningDetail): ReasoningDetail {
  const made = { ...last };
  for (const [key, value] of Object.entries(piece)) {
    if (value == null) continue;
    const before = made[key];
    made[key] = GROWING.has(key) && typeof before === 'string' && typeof value === 'string' ? before + value : value;
  }
  return made;
}
