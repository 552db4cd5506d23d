/** What an Anthropic model can be told (https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting and the models' migration guides). */
export interface Abilities {
  /** `max_tokens` where the caller sets none: the API wants a bound where OpenAI needs none. Every model of the generation takes it. */
  usualTokens: number;
  /** The most that an answer may have at all. */
  longestAnswer: number;
  /** By `budget_tokens`, by an effort (`adaptive`), by either, or not at all. */
  thinks: 'budget' | 'effort' | 'either' | null;
  /** How its thinking is switched off: by saying nothing, by a type of `thinking`, or never. */
  quiet: 'unsaid' | 'disabled' | 'between_tools' | 'never';
  /** Levels of effort above `high`. */
  efforts: readonly string[];
  /** Whether it takes a temperature, `top_p` and `top_k`: all of them, all but the first two together, or none but their defaults. */
  samples: 'all' | 'one' | 'none';
  /** Whether it goes on from an assistant's last message. */
  continues: boolean;
  /** Whether a call of a tool can be forced. */
  forcesTools: boolean;
  /** Whether answers and arguments can be held to a schema. */
  formats: boolean;
}

const FAMILIES = 'opus|sonnet|haiku|fable|mythos';
/** `claude-3-5-sonnet-20241022`, `claude-opus-4-20250514`, `claude-sonnet-4-5`; a date is no version. */
const NAME = new RegExp(`claude-(?:(${FAMILIES})-)?(\\d{1,2})(?!\\d)(?:[-.](\\d{1,2})(?!\\d))?(?:-(${FAMILIES}))?`);

/** A name that says no generation: what is asked goes out, and the API decides. */
const UNKNOWN: Abilities = Object.freeze({
  usualTokens: 4096,
  longestAnswer: 64_000,
  thinks: 'either',
  quiet: 'disabled',
  efforts: ['xhigh', 'max'],
  samples: 'all',
  continues: true,
  forcesTools: true,
  formats: true,
});

/** By a model's name; what is newer than known is as the newest of its family. */
export function abilitiesOf(model: string): Abilities {
  const [, before, major, minor, behind] = NAME.exec(model) ?? [];
  const family = before ?? behind ?? (model.includes('claude-mythos') ? 'mythos' : undefined);
  if (major === undefined && family === undefined) return UNKNOWN;
  const version = major === undefined ? 500 : Number(major) * 100 + Number(minor ?? 0);
  const alwaysThinks = family === 'fable' || family === 'mythos' || (family === 'opus' && version >= 505);
  return {
    usualTokens: version >= 400 ? 32_000 : version >= 305 ? 8192 : 4096,
    longestAnswer: longestOf(version, family),
    thinks: version >= 407 ? 'effort' : version >= 406 ? 'either' : version >= 307 ? 'budget' : null,
    quiet: alwaysThinks ? 'never' : version < 500 ? 'unsaid' : family === 'sonnet' && version >= 505 ? 'between_tools' : 'disabled',
    efforts: version >= 407 ? ['xhigh', 'max'] : ['max'],
    samples: version >= 407 ? 'none' : version >= 401 ? 'one' : 'all',
    continues: version < 406,
    forcesTools: family === 'haiku' || version < (alwaysThinks && family !== 'opus' ? 501 : 505),
    formats: version >= 405 || (family === 'opus' && version >= 401),
  };
}

/** https://platform.claude.com/docs/en/about-claude/models/overview */
function longestOf(version: number, family: string | undefined): number {
  if (version >= 406) return 128_000;
  if (version >= 405 || version === 307) return 64_000;
  if (version >= 400) return family === 'opus' ? 32_000 : 64_000;
  return version >= 305 ? 8192 : 4096;
}
