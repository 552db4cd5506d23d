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

test('prompt tokens are those that were billed, else bytes and more', () => {
  const row = { messages: [{ role: 'user', content: 'where?' }], tools: null, responseFormat: null };
  expect(promptTokenBound({ ...row, promptTokens: 21 })).toBe(21);
  expect(promptTokenBound({ ...row, promptTokens: 0 })).toBeGreaterThan(JSON.stringify(row.messages).length);
});
