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

/** JSON, parsed. Throws `SyntaxError` where it is none, and where it is nested so deep that it could not be written again. */
export function parseWritable(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // Each level takes two letters.
  if (text.length > 2 * MOST_LEVELS && isNestedDeeper(value, MOST_LEVELS))
    throw new SyntaxError(`It is nested deeper than ${MOST_LEVELS} levels`);
  return value;
}
