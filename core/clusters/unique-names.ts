import { NAME_WORDS } from './naming.ts';

/** Equal for names that people would take for the same one. */
export function nameKey(name: string): string {
  return name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/** A name of keywords, for a cluster that no model has named; one without any is a numbered group. */
export function keywordName(keywords: readonly string[]): string {
  return keywords.slice(0, 3).join(', ') || 'group';
}

/** The name, or the name with a keyword that tells it from those taken, or with a number. Stays within `NAME_WORDS` words. */
export function uniqueName(name: string, keywords: readonly string[], taken: ReadonlySet<string>): string {
  if (!taken.has(nameKey(name))) return name;
  const words = name.split(' ');
  const said = nameKey(name);
  for (const keyword of keywords) {
    if (said.includes(nameKey(keyword))) continue;
    const longer = `${words.slice(0, NAME_WORDS - keyword.split(' ').length).join(' ')} (${keyword})`;
    if (!taken.has(nameKey(longer))) return longer;
  }
  for (let number = 2; ; number++) {
    const numbered = `${words.slice(0, NAME_WORDS - 1).join(' ')} ${number}`;
    if (!taken.has(nameKey(numbered))) return numbered;
  }
}

/**
 * Places of names that another one before them has already, or that are among those taken. Who comes first keeps the name.
 */
export function clashing(names: readonly (string | null)[], taken: ReadonlySet<string>): number[] {
  const seen = new Set(taken);
  const places: number[] = [];
  names.forEach((name, place) => {
    if (name === null) return;
    if (seen.has(nameKey(name))) places.push(place);
    seen.add(nameKey(name));
  });
  return places;
}
