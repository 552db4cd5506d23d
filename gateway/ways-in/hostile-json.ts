import { isNestedDeeper } from '../../core/json-nesting.ts';
import { wrong } from '../providers/chat-fields.ts';

/** Of a field. The chat form that becomes of it has some more, and stays below what JSON may have. */
const MOST_LEVELS = 256;

/** Refuses what could be read but not be written again. Throws `invalid_request` with the field's name. */
export function checkNesting(body: Readonly<Record<string, unknown>>): void {
  for (const [field, value] of Object.entries(body)) {
    if (isNestedDeeper(value, MOST_LEVELS)) throw wrong(field, `it is nested deeper than ${MOST_LEVELS} levels`);
  }
}

/** A caller's value in a message of ours: `{"toString": 0}` cannot be made a text of. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `"${value.slice(0, 100)}"`;
  return value === undefined ? 'nothing' : 'what is no text';
}
