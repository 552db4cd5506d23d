import { expect, it } from 'vitest';
import { KeyInput } from '../../../../contracts/keys.ts';
import { draftOf, inputOf } from './key-draft.ts';

it('an empty draft is a key without limits', () => {
  expect(KeyInput.parse(inputOf({ ...draftOf(null), name: ' app ' }))).toEqual(KeyInput.parse({ name: 'app' }));
});

it('what stands comes back as it was, and an emptied limit is none', () => {
  const key = KeyInput.parse({
    name: 'app',
    aliases: ['smart'],
    models: ['groq/*'],
    limits: { requestsPerMinute: 60, usdPerDay: 2.5 },
    expiresAt: '2027-01-31T10:20:30.000Z',
  });
  const draft = draftOf(key);
  expect(inputOf(draft)).toEqual(key);
  expect(inputOf({ ...draft, limits: { ...draft.limits, usdPerDay: '' }, expires: '' })).toMatchObject({
    limits: { requestsPerMinute: 60, usdPerDay: null },
    expiresAt: null,
  });
});
