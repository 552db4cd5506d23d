/** No name is longer, and the comparison's time grows with the length. */
const LONGEST_NAME = 256;

/** The at most `limit` known names that are nearest to what was written, by edit distance; none where all are far off. */
export function nearestNames(written: string, known: readonly string[], limit = 3): string[] {
  if (written.length > LONGEST_NAME) return [];
  const text = written.toLowerCase();
  // a third of the letters wrong is no slip of the pen any more
  const farthest = Math.max(2, Math.floor(text.length / 3));
  return known
    .map((name) => ({ name, distance: distanceBetween(text, name.toLowerCase()) }))
    .filter(({ distance }) => distance <= farthest)
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, limit)
    .map(({ name }) => name);
}

/** Levenshtein distance; a name that holds the other whole counts as one slip. */
function distanceBetween(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length > 2 && b.length > 2 && (a.includes(b) || b.includes(a))) return 1;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    previous = row;
  }
  return previous[b.length]!;
}
