import type { RowEdit } from '../../../sdk/index.ts';

/** What a key does in a list of rows: moves, or says something of the row. */
export type CurationStroke = { move: 1 | -1 } | { verdict: RowEdit['verdict'] & (string | null) };

const STROKES: Record<string, CurationStroke> = {
  j: { move: 1 },
  ArrowDown: { move: 1 },
  k: { move: -1 },
  ArrowUp: { move: -1 },
  y: { verdict: 'keep' },
  x: { verdict: 'drop' },
  u: { verdict: null },
};

/** What the key does; null: nothing here. A key with a modifier is the browser's. */
export function strokeOf(event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey'>): CurationStroke | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  return STROKES[event.key] ?? null;
}
