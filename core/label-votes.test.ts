import { expect, test } from 'vitest';
import { voteLabels } from './label-votes.ts';

const answers = (...texts: string[]) => texts.map((answer) => ({ answer, finishReason: 'stop' }));
const LABELS = new Set(['a', 'b', 'c']);

test('the majority is best, the rarest is worst', () => {
  const vote = voteLabels(answers('b', ' a ', 'a', 'c', 'a'), LABELS, 2);
  expect(vote).toMatchObject({ best: ['a', 'b'], worst: 'c', agreement: 0.6, dropped: null });
  expect(vote.votes).toEqual({ b: 1, a: 3, c: 1 });
});

test('of equal counts the one that was given first wins', () => {
  expect(voteLabels(answers('c', 'a', 'a', 'c'), LABELS, 1).best).toEqual(['c']);
});

test('what is no label does not vote but lowers the agreement', () => {
  const vote = voteLabels(answers('a', 'I think a', '', 'a'), LABELS, 2);
  expect(vote).toMatchObject({ best: ['a'], worst: null, agreement: 0.5 });
  expect(vote.rejected).toEqual({ 'outside the label set': 1, 'empty answer': 1 });
});

test('a row without a vote says why', () => {
  expect(voteLabels(answers('x', 'y', ''), LABELS, 2).dropped).toBe('outside the label set');
  expect(voteLabels([{ answer: 'car', finishReason: 'length' }], LABELS, 2).dropped).toBe('answer cut off');
  expect(voteLabels([], LABELS, 2)).toMatchObject({ dropped: 'no answer', agreement: 0, best: [] });
});

test('an open set takes any whole answer', () => {
  expect(voteLabels(answers('x', 'x', 'y'), null, 2).best).toEqual(['x', 'y']);
});
