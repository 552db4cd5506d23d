/** The Temporal CLI that this product is built and tested with; the pinned Go module is of the same version. */
export const TEMPORAL_CLI_VERSION = '1.8.2';

/** Whether version `found` ("1.8.2") is at least `needed`. A pre-release counts as the version before it. */
export function isAtLeast(found: string, needed: string): boolean {
  const [a, b] = [numbers(found), numbers(needed)];
  for (let i = 0; i < 3; i++) {
    if (a[i]! !== b[i]!) return a[i]! > b[i]!;
  }
  return !found.includes('-');
}

/** The version in what `temporal --version` prints, or null. */
export function versionIn(output: string): string | null {
  return /temporal version (\d+\.\d+\.\d+(?:-[\w.]+)?)/.exec(output)?.[1] ?? null;
}

function numbers(version: string): number[] {
  const found = version.split('-')[0]!.split('.').map(Number);
  return [found[0] ?? 0, found[1] ?? 0, found[2] ?? 0];
}
