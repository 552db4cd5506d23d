/**
 * `JSON.stringify` for readers that refuse half a character: where a string is cut within one (`'🙂'.slice(0, 1)`),
 * U+FFFD stands in its place, in keys too.
 */
export function wellFormedJson(value: unknown): string {
  const text = JSON.stringify(value);
  // Only halves are written as escapes of this range. An escaped backslash is stepped over: behind it stands plain text.
  return text.includes('\\ud') ? text.replaceAll(/\\\\|\\ud[89a-f][0-9a-f]{2}/g, (found) => (found === '\\\\' ? found : '\ufffd')) : text;
}
