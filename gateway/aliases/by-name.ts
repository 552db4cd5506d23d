/** The entry of that name; `constructor` and its like, which every object inherits, are entries only where they were made. */
export function byName<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}
