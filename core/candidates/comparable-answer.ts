/** What makes two answers of a json or text task the same: JSON by value, whatever the order of its keys; else the trimmed text. */
export function comparableAnswer(answer: string): string {
  try {
    return JSON.stringify(sorted(JSON.parse(answer)));
  } catch {
    return answer.trim();
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, sorted(field)]),
  );
}

export function isSameAnswer(one: string, other: string): boolean {
  return comparableAnswer(one) === comparableAnswer(other);
}
