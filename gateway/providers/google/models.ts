/** What a Gemini model can be told (https://ai.google.dev/gemini-api/docs/thinking). */
export interface Abilities {
  /** In levels, by a budget of tokens, or not at all. */
  thinks: 'levels' | 'budget' | null;
  /** Its least level; null where it can be told not to think. */
  least: 'minimal' | 'low' | null;
  /** Whether it has the level `medium`. */
  hasMedium: boolean;
  /** Whether it tells calls by ids, wants its thoughts' signatures back, and takes images and files in results. */
  signs: boolean;
  /** Whether an answer can be held to JSON where tools are offered. */
  formatsBesideTools: boolean;
  /** Whether it takes penalties for repetition (https://github.com/google-gemini/cookbook/issues/1290). */
  penalises: boolean;
  /** Whether it fetches files by their address. */
  fetches: boolean;
}

const NAME = /gemini-(\d{1,2})(?:\.(\d{1,2}))?(-pro)?/;

/** By a model's name; what is newer than known is as the newest, and a name without a generation (`gemini-flash-latest`) too. */
export function abilitiesOf(model: string): Abilities {
  const [, major, minor, pro] = NAME.exec(model) ?? [];
  const version = major === undefined ? (model.includes('gemini') ? 999 : 205) : Number(major) * 100 + Number(minor ?? 0);
  const third = version >= 300;
  return {
    thinks: third ? 'levels' : version >= 205 ? 'budget' : null,
    least: third ? (pro === undefined && version <= 306 ? 'minimal' : 'low') : pro !== undefined && version >= 205 ? 'low' : null,
    hasMedium: !(pro !== undefined && version === 300),
    signs: third,
    formatsBesideTools: third,
    penalises: version < 205 || !model.includes('gemini'),
    fetches: version >= 205,
  };
}
