import { expect, test } from 'vitest';
import { parseTarget, splitTarget } from './identifiers.ts';

test.each([
  ['lab/meta/llama', { provider: 'lab', model: 'meta/llama' }, { kind: 'provider', provider: 'lab', model: 'meta/llama' }],
  ['student/support', { provider: 'student', model: 'support' }, { kind: 'student', name: 'support' }],
  ['router/r', { provider: 'router', model: 'r' }, { kind: 'router', name: 'r' }],
  ['gpt-4o', null, null],
  ['/m', null, null],
  ['lab/', null, null],
])('%s is split at its first slash', (target, split, parsed) => {
  expect(splitTarget(target)).toEqual(split);
  expect(parseTarget(target)).toEqual(parsed);
});
