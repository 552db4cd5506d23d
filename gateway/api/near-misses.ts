import { nearestNames } from '../../core/nearest-names.ts';

/** A sentence that says that there is no such thing, with the nearest names that there are. */
export function nameNearest(what: string, name: string, known: readonly string[]): string {
  const near = nearestNames(name, known).map((other) => `"${other}"`);
  if (near.length > 0) return `There is no ${what} "${name}". The nearest: ${near.join(', ')}.`;
  return known.length === 0 ? `There is no ${what} "${name}", and none at all yet.` : `There is no ${what} "${name}".`;
}
