import { wrong } from '../providers/chat-fields.ts';

/** No schema and no argument goes as deep; JSON can be written down to some thousand levels before the stack ends. */
const MOST_LEVELS = 256;

/** Refuses what could be read but not be written again. Throws `invalid_request` with the field's name. */
export function checkNesting(body: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(body)) {
    if (isDeeper(value, MOST_LEVELS)) throw wrong(field, `it is nested deeper than ${MOST_LEVELS} levels`);
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** A caller's value in a message of ours: `{"toString": 0}` cannot be made a text of. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 100)}"`;
  return value === undefined ? 'nothing' : 'what is no text';
}
