import { expect, test } from 'vitest';
import { meanAgreements } from './field-agreement.ts';
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

test('with scores the best graded comes first, not the commonest; each usable sample is a candidate', () => {
  const near = ['{"a":1,"b":1,"c":1}', '{"a":1,"b":1,"c":2}', '{"a":1,"b":1,"c":3}'];
  const far = '{"a":9,"b":9,"c":9}';
  const vote = rankAnswers([far, '', ...near, far].map(stop), ({ answer }) => (answer === '' ? 'empty answer' : null), 2, meanAgreements);
  // The two equal ones agree with one of four others: 1/4. Those that differ in a third of the fields: 2·(2/3) / 4 = 1/3.
  expect(vote.candidates?.map(({ text }) => text)).toEqual([far, ...near, far]);
  [1 / 4, 1 / 3, 1 / 3, 1 / 3, 1 / 4].forEach((score, i) => expect(vote.candidates?.[i]?.score).toBeCloseTo(score, 12));
  expect(vote).toMatchObject({ best: near.slice(0, 2), worst: far });
  expect(rankAnswers([stop('a')], () => null, 1)).not.toHaveProperty('candidates');
});
