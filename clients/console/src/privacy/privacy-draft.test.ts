import { expect, test } from 'vitest';
import { changesOf, draftOf } from './privacy-draft.ts';

test('what stands is sent again as it stands', () => {
  const privacy = {
    storeBodies: 0.07,
    mask: ['email' as const, 'image' as const],
    patterns: [{ name: 'order', pattern: 'ORD=[0-9]+ ?' }],
    fields: ['customer.email'],
  };
  expect(changesOf(draftOf({ retentionDays: 30, privacy }))).toEqual({ retentionDays: 30, privacy });
  expect(changesOf(draftOf({ retentionDays: null, privacy: null }))).toEqual({ retentionDays: null, privacy: null });
});

test('a pattern without a name is left to the gateway to refuse; empty lines are none', () => {
  const draft = { ...draftOf({ retentionDays: null, privacy: null }), patterns: '\norder = ORD-\n  \n[0-9]+\n', storePercent: '' };
  expect(changesOf(draft).privacy).toEqual({
    storeBodies: 1,
    mask: [],
    patterns: [
      { name: 'order', pattern: ' ORD-' },
      { name: '', pattern: '[0-9]+' },
    ],
    fields: [],
  });
});
