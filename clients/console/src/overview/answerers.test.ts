import { expect, test } from 'vitest';
import type { UsageRow } from '../../../../contracts/usage.ts';
import { answerersOf } from './answerers.ts';

const used = [
  { alias: 'a', provider: 'lab', model: 'deep/x', calls: 3 },
  { alias: 'b', provider: 'lab', model: 'deep/x', calls: 40 },
  { alias: 'a', provider: 'groq', model: 'y', calls: 2 },
  { alias: 'a', provider: 'old', model: 'z', calls: 9 },
] as UsageRow[];

test('an alias is told its own calls, and by which fallback they were answered', () => {
  const alias = { name: 'a', targets: [{ target: 'lab/deep/x', weight: 1 }], fallbacks: ['groq/y', 'never/asked'] };
  expect(answerersOf(alias, used)).toEqual([
    { target: 'lab/deep/x', role: '', row: used[0] },
    { target: 'groq/y', role: 'fallback', row: used[2] },
  ]);
  expect(answerersOf(alias)).toEqual([{ target: 'lab/deep/x', role: '', row: undefined }]);
});

test('of several targets each has its share', () => {
  const targets = [
    { target: 'lab/deep/x', weight: 3 },
    { target: 'groq/y', weight: 1 },
  ];
  expect(answerersOf({ name: 'b', targets, fallbacks: ['groq/y'] }, used).map(({ role, row }) => [role, row?.calls])).toEqual([
    ['75 %', 40],
    ['25 %', undefined],
  ]);
});
