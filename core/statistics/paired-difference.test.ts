import { expect, test } from 'vitest';
import { scoreStatistic, tangoInterval, tangoLowerBound } from './paired-difference.ts';
import { Z } from './normal-quantile.ts';

test('agrees with published intervals', () => {
  // Bentur et al. 2009: 21 pairs, 1 and 7 discordant; Fagerland, Lydersen and Laake (2014): −0.517 to −0.026.
  const airways = tangoInterval({ n: 21, teacherOnly: 7, studentOnly: 1 });
  expect(airways.low).toBeCloseTo(-0.517, 3);
  expect(airways.high).toBeCloseTo(-0.026, 3);
  // R, PropCIs: scoreci.mp(25, 28, 618, conf.level = .90), −0.0148 to 0.0247.
  const equivalence = tangoInterval({ n: 618, teacherOnly: 25, studentOnly: 28 }, Z.oneSided95);
  expect(equivalence.low).toBeCloseTo(-0.0148, 4);
  expect(equivalence.high).toBeCloseTo(0.0247, 4);
});

test('the constrained estimate is the one that maximises the likelihood', () => {
  // p(teacher only) = q, p(student only) = q + delta; the statistic is recomputed from a grid search over q.
  const counts = { n: 120, teacherOnly: 9, studentOnly: 4 };
  for (const delta of [-0.15, -0.05, 0.02, 0.1]) {
    let best = { q: 0, value: -Infinity };
    for (let q = Math.max(0, -delta) + 1e-6; q < (1 - delta) / 2; q += 1e-5) {
      const value =
        counts.teacherOnly * Math.log(q) +
        counts.studentOnly * Math.log(q + delta) +
        (counts.n - counts.teacherOnly - counts.studentOnly) * Math.log(1 - 2 * q - delta);
      if (value > best.value) best = { q, value };
    }
    const distance = counts.studentOnly - counts.teacherOnly - counts.n * delta;
    const expected = distance / Math.sqrt(counts.n * (2 * best.q + delta * (1 - delta)));
    expect(scoreStatistic(counts, delta)).toBeCloseTo(expected, 2);
  }
});

test('swapping teacher and student mirrors the interval', () => {
  const there = tangoInterval({ n: 80, teacherOnly: 11, studentOnly: 3 });
  const back = tangoInterval({ n: 80, teacherOnly: 3, studentOnly: 11 });
  expect(there.low).toBeCloseTo(-back.high, 9);
  expect(there.high).toBeCloseTo(-back.low, 9);
});

test('no discordant pair: −z² / (n + z²) to z² / (n + z²)', () => {
  const z2 = Z.twoSided95 ** 2;
  const interval = tangoInterval({ n: 100, teacherOnly: 0, studentOnly: 0 });
  expect(interval.low).toBeCloseTo(-z2 / (100 + z2), 9);
  expect(interval.high).toBeCloseTo(z2 / (100 + z2), 9);
});

test('the ends of what is possible', () => {
  expect(tangoInterval({ n: 0, teacherOnly: 0, studentOnly: 0 })).toEqual({ low: -1, high: 1 });
  expect(tangoInterval({ n: 5, teacherOnly: 5, studentOnly: 0 }).low).toBe(-1);
  expect(tangoInterval({ n: 5, teacherOnly: 0, studentOnly: 5 }).high).toBe(1);
  expect(tangoLowerBound({ n: 50, teacherOnly: 2, studentOnly: 2 })).toBeLessThan(0);
});
