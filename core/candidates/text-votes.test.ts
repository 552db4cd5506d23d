import { expect, test } from 'vitest';
import { rankAnswers } from './text-votes.ts';

const stop = (answer: string) => ({ answer, finishReason: 'stop' });

test('equal JSON counts together, whatever the order of its keys; the commonest comes first', () => {
  const vote = rankAnswers([stop('{"b":2}'), stop('{"a":1,"c":[{"x":1,"y":2}]}'), stop('{ "c": [{"y":2,"x":1}], "a": 1 }')], () => null, 2);
  expect(vote).toMatchObject({ best: ['{"a":1,"c":[{"x":1,"y":2}]}', '{"b":2}'], worst: '{"b":2}', dropped: null, votes: {} });
  expect(vote.agreement).toBeCloseTo(2 / 3, 9);
});

test('what is unusable is counted by reason; nothing usable drops the row', () => {
  const vote = rankAnswers([stop(''), stop('')], ({ answer }) => (answer === '' ? 'empty answer' : null), 1);
  expect(vote).toMatchObject({ best: [], worst: null, agreement: 0, dropped: 'empty answer', rejected: { 'empty answer': 2 } });
});
