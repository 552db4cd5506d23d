import { expect, test } from 'vitest';
import { answerTokenBound, promptTokenBound, worstCallUsd } from './call-bounds.ts';

test('a call costs at most its tokens at their price', () => {
  expect(worstCallUsd({ inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 }, { in: 1_000, out: 100 })).toBeCloseTo(0.0035, 12);
});

test('a label is at most its longest in bytes; other answers the 99th percentile of the references', () => {
  expect(answerTokenBound({ kind: 'label' }, ['yes', 'möglich'], 500)).toBe(8);
  expect(answerTokenBound({ kind: 'text' }, [], 480.2)).toBe(481);
  expect(answerTokenBound({ kind: 'json' }, [], 2)).toBe(16);
});

test('prompt tokens are those that the teacher was billed for, else bytes and more', () => {
  const row = { messages: [{ role: 'user', content: 'where?' }], tools: null, responseFormat: null, referenceTarget: 'lab/teacher' };
  const bytes = JSON.stringify(row.messages).length;
  expect(promptTokenBound({ ...row, promptTokens: 21 }, 'lab/teacher')).toBe(21);
  expect(promptTokenBound({ ...row, promptTokens: 0 }, 'lab/teacher')).toBeGreaterThan(bytes);
  expect(promptTokenBound({ ...row, promptTokens: 3, referenceTarget: 'student/support' }, 'lab/teacher')).toBeGreaterThan(bytes);
});
