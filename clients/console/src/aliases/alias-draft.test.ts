import { expect, it } from 'vitest';
import { AliasInput } from '../../../../contracts/aliases.ts';
import { draftOf, inputOf, shareOf, withTarget } from './alias-draft.ts';

it('goes from a version to a body that the API takes', () => {
  const draft = draftOf({ targets: [{ target: 'openai/gpt-4o', weight: 9 }], fallbacks: ['lab/x'], cache: { ttlSeconds: 60 } });
  const more = withTarget(draft);
  more.targets[1]!.target = ' student/s ';
  more.targets[1]!.weight = '1';
  const input = inputOf({ ...more, reason: ' canary ' });
  expect(AliasInput.parse(input)).toEqual({
    targets: [
      { target: 'openai/gpt-4o', weight: 9 },
      { target: 'student/s', weight: 1 },
    ],
    fallbacks: ['lab/x'],
    cache: { ttlSeconds: 60 },
    reason: 'canary',
  });
  expect(shareOf(more, 1)).toBeCloseTo(0.1);
  expect(inputOf({ ...more, cacheSeconds: '', hedgeMs: 500 })).toMatchObject({ hedge: { afterMs: 500 } });
  expect(inputOf({ ...more, cacheSeconds: '' })).not.toHaveProperty('cache');
});

it('begins with one empty line and says no share while a weight is missing', () => {
  const draft = draftOf(null);
  expect(draft.targets).toHaveLength(1);
  expect(shareOf({ ...draft, targets: [{ id: 0, target: 'a/b', weight: '' }] }, 0)).toBeNull();
});
