import { closingQuote } from '../json-nesting.ts';
import { isDigit } from './detectors.ts';

/** What becomes of a JSON text's parts. */
export interface JsonMasks {
  /** Of a string, or of a whole number as it is written. */
  text: (text: string) => string;
  /** Whether the member at this path (names from the root, lists passed over) is not kept. */
  isRemoved: (path: readonly string[]) => boolean;
  /** Tokens of an answer with their chances: what is masked in the text would stand there in pieces. */
  withoutLogprobs: boolean;
}

/** Stands for a value that is not kept. */
export const REMOVED = '[removed]';

/**
 * A valid JSON text with its strings, names and whole numbers masked. All else stays letter by letter: numbers that JavaScript can't hold,
 * the order of members, white space. One pass, without objects and without recursion.
 */
export function maskJson(json: string, masks: JsonMasks): string {
  const names: string[] = [];
  let objects = 0;
  let kept = '';
  let from = 0;
  const replace = (begin: number, end: number, by: string) => {
    kept += json.slice(from, begin) + by;
    from = end;
  };
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === OPEN_OBJECT) objects++;
    else if (code === CLOSE_OBJECT) {
      objects--;
      names.length = objects;
    } else if (code === QUOTE) {
      const end = closingQuote(json, at) + 1;
      if (end === 0) break;
      const text = decoded(json.slice(at, end));
      const masked = masks.text(text);
      if (masked !== text) replace(at, end, JSON.stringify(masked));
      const colon = skipSpace(json, end);
      at = end - 1;
      if (json.charCodeAt(colon) !== COLON) continue;
      names.length = objects - 1;
      names.push(text);
      const value = skipSpace(json, colon + 1);
      const removed = masks.isRemoved(names);
      if (!removed && !(masks.withoutLogprobs && text === 'logprobs' && isContainer(json.charCodeAt(value)))) continue;
      const after = endOfValue(json, value);
      replace(value, after, removed ? JSON.stringify(REMOVED) : 'null');
      at = after - 1;
    } else if (code === MINUS || isDigit(code)) {
      const end = endOfScalar(json, at);
      const number = json.slice(at, end);
      const masked = /^-?\d+$/.test(number) ? masks.text(number) : number;
      if (masked !== number) replace(at, end, JSON.stringify(masked));
      at = end - 1;
    }
  }
  return from === 0 ? json : kept + json.slice(from);
}

const QUOTE = 34;
const MINUS = 45;
const COLON = 58;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;

function decoded(literal: string): string {
  return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

function isContainer(code: number): boolean {
  return code === OPEN_OBJECT || code === OPEN_LIST;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (json.charCodeAt(at) <= 32) at++;
  return at;
}

function endOfValue(json: string, from: number): number {
  const first = json.charCodeAt(from);
  if (first === QUOTE) return closingQuote(json, from) + 1;
  if (!isContainer(first)) return endOfScalar(json, from);
  let depth = 0;
  for (let at = from; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === QUOTE) at = closingQuote(json, at);
    else if (isContainer(code)) depth++;
    else if ((code === CLOSE_OBJECT || code === CLOSE_LIST) && --depth === 0) return at + 1;
  }
  return json.length;
}

function endOfScalar(json: string, from: number): number {
  let at = from;
  while (at < json.length && !/[\s,\]}]/.test(json[at]!)) at++;
  return at;
}
