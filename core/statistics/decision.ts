import type { DECISIONS } from '../../contracts/distil.ts';
import { type PairedCounts, tangoInterval, tangoLowerBound } from './paired-difference.ts';
import { Z } from './normal-quantile.ts';

export type Decision = (typeof DECISIONS)[number];

/**
 * Whether the student is worse than the teacher by `marginPoints` (percentage points): `not_worse` where the one-sided
 * 95 % lower bound lies above −margin, `worse` where the upper bound lies below it, else there are too few rows.
 */
export function decide(counts: PairedCounts, marginPoints: number): Decision {
  const { low, high } = tangoInterval(counts, Z.oneSided95);
  if (low * 100 > -marginPoints) return 'not_worse';
  return high * 100 < -marginPoints ? 'worse' : 'undecided';
}

/**
 * Whether `rows` test rows could show a student without an error to be not worse, given how many of them the teacher got
 * wrong (0 where that is not known before). What it refuses, no student can pass.
 */
export function canDecide(rows: number, marginPoints: number, teacherErrors = 0): boolean {
  if (rows <= 0) return false;
  return tangoLowerBound({ n: rows, teacherOnly: 0, studentOnly: teacherErrors }) * 100 > -marginPoints;
}

/** The fewest test rows with which a student that answers exactly as the teacher does is shown to be not worse. */
export function fewestRowsToDecide(marginPoints: number): number {
  // Without discordant pairs Tango's lower bound is −z² / (n + z²).
  const margin = marginPoints / 100;
  const z2 = Z.oneSided95 ** 2;
  let rows = Math.max(1, Math.floor(z2 * (1 / margin - 1)));
  while (!canDecide(rows, marginPoints)) rows++;
  return rows;
}

/**
 * Test rows that it takes to decide with a power of 80 %, for a student as good as its teacher that differs from it in
 * right or wrong on a share `discordance` of the rows: (z.95 + z.80)² · discordance / margin² (J. Nam, Biometrics 53:1422,
 * 1997), never less than what no discordance at all takes.
 */
export function rowsToDecide(discordance: number, marginPoints: number): number {
  const margin = marginPoints / 100;
  const rows = ((Z.oneSided95 + Z.power80) ** 2 * discordance) / margin ** 2;
  return Math.max(Math.ceil(rows), fewestRowsToDecide(marginPoints));
}
