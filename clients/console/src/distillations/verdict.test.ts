import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../../../contracts/distil.ts';
import { axisOf, verdictOf } from './verdict.ts';

const evaluation: Evaluation = {
  n: 400,
  reference: 'gold',
  teacher: { accuracy: 0.945, correct: 378, usdPer1k: 0.5, p50Ms: 610 },
  student: { accuracy: 0.985, correct: 394, usdPer1k: 0.0003, p50Ms: 6 },
  discordant: { teacherOnly: 4, studentOnly: 20 },
  difference: { points: 4, low: 1.6, high: 6.6 },
  lowerBoundPoints: 2,
  marginPoints: 3,
  mcnemarP: 0.0015,
  decision: 'not_worse',
  perLabel: [],
};

describe('the verdict', () => {
  it('says what was proved', () => {
    expect(verdictOf(evaluation)).toBe(
      'With 95 % confidence the student is at least as good as the teacher; it was allowed to be 3 points worse.',
    );
    expect(verdictOf({ ...evaluation, lowerBoundPoints: -0.84 })).toContain('at most 0.8 points worse');
    expect(verdictOf({ ...evaluation, decision: 'undecided', lowerBoundPoints: -4.2 })).toContain('400 test rows cannot tell');
    expect(verdictOf({ ...evaluation, decision: 'worse', difference: { points: -9, low: -12, high: -6.1 } })).toContain(
      '−12.0 to −6.1 points',
    );
  });

  it('draws interval, zero and margin inside the axis', () => {
    for (const [low, high] of [
      [1.6, 6.6],
      [-40, -20],
      [-0.1, 0.1],
    ] as const) {
      const axis = axisOf({ ...evaluation, difference: { points: (low + high) / 2, low, high }, lowerBoundPoints: low });
      expect(axis.from).toBeLessThan(Math.min(low, -3));
      expect(axis.to).toBeGreaterThan(Math.max(high, 0));
      expect(axis.ticks.length).toBeLessThanOrEqual(12);
      expect(axis.ticks.some((tick) => Math.abs(tick) < 1e-9)).toBe(true);
    }
  });
});
