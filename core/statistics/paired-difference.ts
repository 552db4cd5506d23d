import type { Interval } from './wilson.ts';
import { Z } from './normal-quantile.ts';

/** Paired right and wrong answers of teacher and student on the same rows: what decides is the discordant ones. */
export interface PairedCounts {
  n: number;
  /** Rows that only the teacher got right. */
  teacherOnly: number;
  /** Rows that only the student got right. */
  studentOnly: number;
}

/**
 * Tango's score interval for the difference of paired proportions, student − teacher, as shares (−1 to 1). T. Tango,
 * "Equivalence test and confidence interval for the difference in proportions for the paired-sample design", Statistics
 * in Medicine 17:891–908 (1998), equations 12 to 14. It keeps its coverage where few or no pairs are discordant.
 */
export function tangoInterval(counts: PairedCounts, z: number = Z.twoSided95): Interval {
  if (counts.n === 0) return { low: -1, high: 1 };
  return { low: solve(counts, z), high: solve(counts, -z) };
}

/** One-sided 95 % lower bound of student − teacher, as a share: what a margin is compared with. */
export function tangoLowerBound(counts: PairedCounts): number {
  return tangoInterval(counts, Z.oneSided95).low;
}

/** The difference at which the score statistic, which falls as the difference rises, is `z`. */
function solve(counts: PairedCounts, z: number): number {
  const { n, teacherOnly, studentOnly } = counts;
  if (z > 0 && teacherOnly === n) return -1;
  if (z < 0 && studentOnly === n) return 1;
  let low = -1;
  let high = 1;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (scoreStatistic(counts, middle) > z) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Tango's T at the difference `delta`; its variance uses the maximum-likelihood estimate under that difference. */
export function scoreStatistic({ n, teacherOnly, studentOnly }: PairedCounts, delta: number): number {
  const a = 2 * n;
  const b = -studentOnly - teacherOnly + (2 * n - studentOnly + teacherOnly) * delta;
  const c = -teacherOnly * delta * (1 - delta);
  const onlyTeacher = (Math.sqrt(Math.max(0, b * b - 4 * a * c)) - b) / (2 * a);
  const variance = n * (2 * onlyTeacher + delta * (1 - delta));
  const distance = studentOnly - teacherOnly - n * delta;
  if (variance <= 0) return distance === 0 ? 0 : Math.sign(distance) * Infinity;
  return distance / Math.sqrt(variance);
}
