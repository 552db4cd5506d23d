import { closingQuote, MOST_LEVELS } from '../../core/json-nesting.ts';
import { StillhouseError } from '../../contracts/errors.ts';

/** One member of a JSON object's text: where its key begins, and where its value lies. */
export interface JsonMember {
  key: string;
  keyStart: number;
  valueStart: number;
  /** Exclusive. */
  valueEnd: number;
}

/**
 * The members of the object that `text` is, at its top level only. The text must have passed `JSON.parse`. It lets one
 * field be replaced while all others go on byte for byte: numbers beyond 2^53, key order, white space. Throws
 * `invalid_request` with a field's name where that is nested so deep that nobody could write it again.
 */
export function topLevelMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  let at = skipSpace(text, text.indexOf('{') + 1);
  while (text[at] !== '}') {
    const keyStart = at;
    const keyEnd = stringEnd(text, at);
    const valueStart = skipSpace(text, text.indexOf(':', keyEnd) + 1);
    const raw = text.slice(keyStart + 1, keyEnd - 1);
    const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
    const valueEnd = endOfValue(text, valueStart);
    if (valueEnd === TOO_DEEP) throw tooDeep(key);
    members.push({ key, keyStart, valueStart, valueEnd });
    at = skipSpace(text, valueEnd);
    if (text[at] === ',') at = skipSpace(text, at + 1);
  }
  return members;
}

/** Edits of top-level fields: a JSON text replaces (or adds) the value, null takes the member out. */
export type FieldEdits = Readonly<Record<string, string | null>>;

/** The object's text with those fields replaced, added or taken out; the rest as it was. A doubled key is edited in all places. */
export function editFields(text: string, members: readonly JsonMember[], edits: FieldEdits): string {
  return replaceOne(text, members, edits) ?? rewritten(text, members, edits);
}

/** What nearly all calls need: one value replaced, of a field that is there once. null for anything else. */
function replaceOne(text: string, members: readonly JsonMember[], edits: FieldEdits): string | null {
  let only: string | null = null;
  for (const key in edits) {
    if (only !== null) return null;
    only = key;
  }
  if (only === null) return text;
  const edit = edits[only];
  if (edit == null) return null;
  let found: JsonMember | null = null;
  for (const member of members) {
    if (member.key !== only) continue;
    if (found) return null;
    found = member;
  }
  return found && text.slice(0, found.valueStart) + edit + text.slice(found.valueEnd);
}

function rewritten(text: string, members: readonly JsonMember[], edits: FieldEdits): string {
  const kept: string[] = [];
  const missing = new Set(Object.keys(edits));
  for (const member of members) {
    const edit = Object.hasOwn(edits, member.key) ? edits[member.key] : undefined;
    if (edit === undefined) kept.push(text.slice(member.keyStart, member.valueEnd));
    else if (edit !== null && missing.has(member.key)) kept.push(text.slice(member.keyStart, member.valueStart) + edit);
    missing.delete(member.key);
  }
  for (const key of missing) if (edits[key] != null) kept.push(`${JSON.stringify(key)}:${edits[key]}`);
  return `{${kept.join(',')}}`;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
  }
}

/** Behind the closing quote of the string that begins at `from`. */
function stringEnd(text: string, from: number): number {
  return closingQuote(text, from) + 1;
}

const TOO_DEEP = -1;

function tooDeep(key: string): StillhouseError {
  const param = key.slice(0, 100);
  return new StillhouseError('invalid_request', `Invalid '${param}': it is nested deeper than ${MOST_LEVELS} levels`, { param });
}

/** Exclusive; `TOO_DEEP` where it is that. */
function endOfValue(text: string, from: number): number {
  const first = text[from];
  if (first === '"') return stringEnd(text, from);
  if (first !== '{' && first !== '[') {
    let at = from;
    while (!isEndOfScalar(text.charCodeAt(at))) at++;
    return at;
  }
  let depth = 0;
  for (let at = from; ; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) at = stringEnd(text, at) - 1;
    else if (code === 123 || code === 91) {
      if (++depth > MOST_LEVELS) return TOO_DEEP;
    } else if ((code === 125 || code === 93) && --depth === 0) return at + 1;
  }
}

/** Comma, closing bracket, white space. */
function isEndOfScalar(code: number): boolean {
  return code === 44 || code === 125 || code === 93 || code <= 32;
}
