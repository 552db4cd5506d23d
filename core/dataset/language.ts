/** Tells the language of a text, as ISO 639-1; null where the text is too short or too odd to be sure. */
export type LanguageDetector = (text: string) => string | null;

/** Of a text this much is looked at. */
const CHARACTERS = 2_000;

/** Sixty languages by their n-grams; loaded where a build asks for it, for its tables take some megabytes. */
export async function languageDetector(): Promise<LanguageDetector> {
  const { eld } = await import('eld/small');
  return (text) => {
    const found = eld.detect(text.slice(0, CHARACTERS));
    return found.isReliable() ? found.language : null;
  };
}
