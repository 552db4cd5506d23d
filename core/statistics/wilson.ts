import { Z } from './normal-quantile.ts';

/** Lower and upper end of an interval. */
export interface Interval {
  low: number;
  high: number;
}

/**
 * Wilson's score interval of a proportion, 0 to 1 (E. B. Wilson, 1927; Newcombe, Statistics in Medicine 17:857, 1998,
 * method 3). Defined for 0 and n successes too; no data is no knowledge: [0, 1].
 */
export function wilsonInterval(successes: number, n: number, z: number = Z.twoSided95): Interval {
  if (n === 0) return { low: 0, high: 1 };
  const p = successes / n;
  const z2 = z * z;
  const centre = p + z2 / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  // Rounding must not take the ends beyond what is possible.
  const low = successes === 0 ? 0 : (centre - half) / (1 + z2 / n);
  const high = successes === n ? 1 : (centre + half) / (1 + z2 / n);
  return { low: Math.max(0, low), high: Math.min(1, high) };
}
