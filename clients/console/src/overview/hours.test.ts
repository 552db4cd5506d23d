import { expect, it } from 'vitest';
import { lastHours } from './hours.ts';

it('fills the day with zeroes and tells errors from good calls', () => {
  const hours = lastHours([{ at: '2026-11-20T10:00:00.000Z', calls: 7, errors: 2, costUsd: null }], Date.parse('2026-11-20T12:34:00Z'));
  expect(hours).toHaveLength(24);
  expect(hours.at(-1)).toEqual({ at: '2026-11-20T12:00:00.000Z', ok: 0, errors: 0, costUsd: 0 });
  expect(hours.at(-3)).toEqual({ at: '2026-11-20T10:00:00.000Z', ok: 5, errors: 2, costUsd: 0 });
  expect(hours[0]?.at).toBe('2026-11-19T13:00:00.000Z');
});
