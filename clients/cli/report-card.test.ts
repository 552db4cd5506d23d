import { expect, test } from 'vitest';
import { stubEvaluation } from '../../test/support/stub-activities.ts';
import { testRows } from './report-card.ts';

test('a report says how many rows count, and what became of the others', () => {
  const evaluation = stubEvaluation('not_worse');
  expect(testRows(evaluation)).toBe('100 test rows');
  expect(testRows({ ...evaluation, rows: 104, leftOut: 0, goldRows: 100 })).toBe('100 test rows (104 with near-duplicates)');
  expect(testRows({ ...evaluation, rows: 100, leftOut: 7, reference: 'mixed', goldRows: 12 })).toBe(
    '100 test rows (12 with gold, 7 left out for want of an answer)',
  );
});
