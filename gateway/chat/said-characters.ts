/** Of a key or a part, beside what it holds: a hundred thousand empty calls are not nothing. */
export const PART_CHARACTERS = 16;

/** Letters of a message, or of a piece of one, that a provider counts as tokens: text, thoughts, calls of tools. */
export function saidIn({ content, refusal, reasoning_content: thought, reasoning, tool_calls: calls }: Record<string, unknown>): number {
  // Some send a thought by both names.
  let characters = charactersIn(content) + charactersIn(refusal) + charactersIn(thought ?? reasoning);
  if (!Array.isArray(calls)) return characters;
  for (const call of calls as ({ function?: { name?: unknown; arguments?: unknown } | null } | null)[])
    characters += charactersIn(call?.function?.name) + charactersIn(call?.function?.arguments);
  return characters;
}

/** Letters of a value with all that it holds. */
export function charactersIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let characters = 0;
  for (const key in value) characters += PART_CHARACTERS + charactersIn((value as Record<string, unknown>)[key]);
  return characters;
}
