import type { AliasVersion } from '../../../../contracts/aliases.ts';
import { formatCount } from '../format/numbers.ts';

/** How an alias's calls are answered, beyond where they go; empty where there is nothing to say. */
export function settingsInWords({ cache, hedge }: Pick<AliasVersion, 'cache' | 'hedge'>): string {
  const kept = cache && `answers kept for ${formatCount(cache.ttlSeconds)} s`;
  const hedged = hedge && `hedged after ${formatCount(hedge.afterMs)} ms`;
  return [kept, hedged].filter(Boolean).join(', ');
}
