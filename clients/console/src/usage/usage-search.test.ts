import { expect, test } from 'vitest';
import type { UsageRow } from '../../../../contracts/usage.ts';
import { daysOf, readUsageSearch, tracesOf } from './usage-search.ts';

test('what the address says, but for what goes without saying and what is no choice', () => {
  expect(readUsageSearch({ by: 'user', span: '7d', meta: 7 })).toEqual({ by: 'user', span: '7d', meta: '7' });
  expect(readUsageSearch({ by: 'model', span: '30d', meta: '' })).toEqual({});
  expect(readUsageSearch({ by: 'toString', span: '__proto__' })).toEqual({});
});

test('the calls of a group, where a filter finds them', () => {
  const span = { since: '2026-05-01T00:00:00.000Z', meta: 'team' };
  expect(tracesOf('gpt-4o', { ...span, by: 'model' })).toEqual({ model: 'gpt-4o', since: span.since });
  expect(tracesOf('web', { ...span, by: 'metadata' })).toEqual({ meta: 'team=web', since: span.since });
  expect(tracesOf('2026-05-03', { ...span, by: 'day' })).toEqual({ since: '2026-05-03T00:00:00.000Z', until: '2026-05-04T00:00:00.000Z' });
  expect(tracesOf('', { ...span, by: 'user' })).toBeNull();
});

test('every day of a span, those without calls too', () => {
  const row = { day: '2026-02-28', costUsd: 0.5 } as UsageRow;
  const days = daysOf([row], '7d', Date.parse('2026-03-02T10:00:00Z'));
  expect(days.map(({ day }) => day)).toEqual(['02-24', '02-25', '02-26', '02-27', '02-28', '03-01', '03-02']);
  expect(days[4]).toEqual({ day: '02-28', costUsd: 0.5 });
  expect(days[5]).toEqual({ day: '03-01', costUsd: 0 });
});
