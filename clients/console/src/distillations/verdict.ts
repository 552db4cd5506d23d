import type { Evaluation } from '../../../../contracts/distil.ts';
import { formatPoints } from '../format/numbers.ts';

/** The decision in one plain sentence. */
export function verdictOf({ decision, lowerBoundPoints, marginPoints, difference, n }: Evaluation): string {
  const margin = `${Number(marginPoints.toFixed(2))} points`;
  const worst = Math.abs(lowerBoundPoints).toFixed(1);
  switch (decision) {
    case 'not_worse':
      return lowerBoundPoints >= 0
        ? `With 95 % confidence the student is at least as good as the teacher; it was allowed to be ${margin} worse.`
        : `With 95 % confidence the student is at most ${worst} points worse than the teacher; up to ${margin} were allowed.`;
    case 'worse':
      return `The student is worse than the teacher by more than the ${margin} allowed: ${formatPoints(difference.low)} to ${formatPoints(difference.high)} points.`;
    case 'undecided':
      return `${n} test rows cannot tell: the student may be as much as ${worst} points worse, and only ${margin} are allowed.`;
  }
}

/** Numbers on a line of points that has room for all of them: its ends and its ticks. */
export interface Axis {
  from: number;
  to: number;
  ticks: number[];
}

/** An axis in whole steps around everything that is drawn: the interval, zero and the margin. */
export function axisOf({ difference, marginPoints, lowerBoundPoints }: Evaluation): Axis {
  const low = Math.min(difference.low, lowerBoundPoints, -marginPoints, 0);
  const high = Math.max(difference.high, 0);
  const room = Math.max((high - low) * 0.12, 0.4);
  const span = high - low + 2 * room;
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((size) => span / size <= 9) ?? 100;
  const from = Math.floor((low - room) / step) * step;
  const to = Math.ceil((high + room) / step) * step;
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
  return { from, to, ticks };
}
