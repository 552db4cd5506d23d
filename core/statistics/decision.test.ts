import { expect, test } from 'vitest';
import { canDecide, decide, fewestRowsToDecide, rowsToDecide } from './decision.ts';

test('decides by the one-sided bounds', () => {
  expect(decide({ n: 400, teacherOnly: 2, studentOnly: 18 }, 3)).toBe('not_worse');
  expect(decide({ n: 400, teacherOnly: 60, studentOnly: 4 }, 3)).toBe('worse');
  expect(decide({ n: 40, teacherOnly: 2, studentOnly: 2 }, 3)).toBe('undecided');
  // Worse for sure, but perhaps by less than the margin.
  expect(decide({ n: 400, teacherOnly: 16, studentOnly: 2 }, 3)).toBe('undecided');
});

test('a test split that no student can pass is known before', () => {
  // z² (1/0.03 − 1) = 2.7055 · 32.33 = 87.5
  expect(fewestRowsToDecide(3)).toBe(88);
  expect(canDecide(88, 3)).toBe(true);
  expect(canDecide(87, 3)).toBe(false);
  // Where the teacher errs, a student without an error needs fewer rows.
  expect(canDecide(60, 3, 4)).toBe(true);
  expect(canDecide(0, 3)).toBe(false);
});

test('rows to decide grow with discordance and shrink with the margin', () => {
  // (1.645 + 0.842)² · 0.08 / 0.03² = 549.5
  expect(rowsToDecide(0.08, 3)).toBe(550);
  expect(rowsToDecide(0.08, 1)).toBeGreaterThan(rowsToDecide(0.08, 3) * 8);
  expect(rowsToDecide(0, 3)).toBe(88);
});
