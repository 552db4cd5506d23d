import type { z } from 'zod';

/** Of each text the model sees this much. */
const TEXT_CHARACTERS = 300;

/** Texts of a group as a prompt lists them. */
export function listedTexts(title: string, texts: readonly string[]): string {
  return [`${title}:`, ...texts.map((one) => `- ${JSON.stringify(one.slice(0, TEXT_CHARACTERS))}`)].join('\n');
}

/** The JSON of an answer; null where it is not what the schema asks for. */
export function parseJsonAnswer<T>(answer: string, schema: z.ZodType<T>): T | null {
  // Models without a JSON mode wrap JSON in a fence.
  const bare = /^\s*```(?:json)?\s*([\s\S]*?)\s*```\s*$/.exec(answer)?.[1] ?? answer;
  try {
    const parsed = schema.safeParse(JSON.parse(bare));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
