/** How a model of a provider is told not to think: what becomes of `reasoning_effort: "none"`. */
export interface Quiet {
  /** The level that is sent; absent where nothing is said, for the model does not think, or not unless told. */
  effort?: string;
  /** Fields beside it. */
  fields?: Readonly<Record<string, unknown>>;
  /** It thinks whatever it is told: refused by name, and a lenient call gets the above. */
  thinks?: boolean;
}

const OPENAI = /(?:^|[/:])gpt-(\d+)(?:\.(\d+))?([\w-]*)/;

/**
 * OpenAI's own models (https://platform.openai.com/docs/guides/reasoning): `none` from GPT-5.1 on, `minimal`, its name for few
 * thoughts or none, at GPT-5. Models that do not think refuse the field.
 */
export function quietOpenAI(model: string): Quiet {
  if (isOpenOpenAI(model) || /(?:^|[/:])o\d/.test(model)) return LEAST;
  const [, major, minor, variant = ''] = OPENAI.exec(model) ?? [];
  const version = Number(major ?? 0) * 100 + Number(minor ?? 0);
  if (version < 500 || variant.includes('-chat')) return {};
  if (variant.includes('-pro')) return { thinks: true };
  if (variant.includes('-codex')) return LEAST;
  return { effort: version === 500 ? 'minimal' : 'none' };
}

/** Open models, where nothing need be said: OpenAI's and those that were made to think always do. */
export function quietOpenModels(model: string): Quiet {
  if (isOpenOpenAI(model)) return LEAST;
  return /deepseek[-.]r1|thinking|qwq/i.test(model) ? { thinks: true } : {};
}

const LEAST: Quiet = Object.freeze({ effort: 'low', thinks: true });

function isOpenOpenAI(model: string): boolean {
  return model.includes('gpt-oss');
}
