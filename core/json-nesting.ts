/** No schema, no argument and no answer goes as deep. JSON can be read to any depth, but written to some thousand levels only before the stack ends. */
export const MOST_LEVELS = 512;

/** Whether objects and lists lie in one another more than `levels` deep. */
export function isNestedDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  // Most of them are numbers and texts, for which no call is made.
  for (const one of inner) if (typeof one === 'object' && one !== null && isNestedDeeper(one, levels - 1)) return true;
  return false;
}

/** From here on what is deep takes so much memory and time to be parsed that it is looked for before. */
const LONG_TEXT = 1024 * 1024;

/** Whether a text is long and, should it be JSON, too deep to be written again: it need not be parsed. */
export function isLongAndDeep(text: string): boolean {
  return text.length > LONG_TEXT && isTextDeeper(text, MOST_LEVELS);
}

function isTextDeeper(text: string, levels: number): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = closingQuote(text, at);
      if (at < 0) return false;
    } else if (code === 123 || code === 91) {
      if (++depth > levels) return true;
    } else if (code === 125 || code === 93) depth--;
  }
  return false;
}

const QUOTE = 34;

/** The closing quote of the string that begins at `from`; -1 where it has none. */
export function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 92) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}

/** JSON, parsed. Throws `SyntaxError` where it is none, and where it is nested so deep that it could not be written again. */
export function parseWritable(text: string): unknown {
  if (isLongAndDeep(text)) throw tooDeep();
  const value: unknown = JSON.parse(text);
  // Each level takes two letters.
  if (text.length > 2 * MOST_LEVELS && text.length <= LONG_TEXT && isNestedDeeper(value, MOST_LEVELS)) throw tooDeep();
  return value;
}

/** A body as it is shown: JSON where it is some that could be written again, else the text. */
export function jsonOrText(body: string): unknown {
  try {
    return parseWritable(body);
  } catch {
    return body;
  }
}

function tooDeep(): SyntaxError {
  return new SyntaxError(`It is nested deeper than ${MOST_LEVELS} levels`);
}
