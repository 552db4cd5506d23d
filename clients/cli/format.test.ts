import { expect, test } from 'vitest';
import { ago, bytes, clip, duration, milliseconds, percent, points, usd } from './format.ts';

const NOW = Date.parse('2026-05-01T12:00:00Z');

test('how long ago, in one unit', () => {
  expect(ago('2026-05-01T11:59:59.900Z', NOW)).toBe('just now');
  expect(ago('2026-05-01T11:59:18Z', NOW)).toBe('42 s ago');
  expect(ago('2026-05-01T09:01:00Z', NOW)).toBe('2 h ago');
  expect(ago('2026-04-20T12:00:00Z', NOW)).toBe('11 d ago');
  // clocks differ a little
  expect(ago('2026-05-01T12:00:05Z', NOW)).toBe('just now');
});

test('durations', () => {
  expect([840, 42_000, 185_000, 7_800_000].map(duration)).toEqual(['840 ms', '42 s', '3 min 05 s', '2 h 10 min']);
});

test('dollars keep the digits that small sums need', () => {
  expect([null, 0, 0.000012, 0.0034, 0.5, 12.3456].map(usd)).toEqual(['–', '$0', '$0.000012', '$0.0034', '$0.500', '$12.35']);
});

test('shares, points, times, bytes', () => {
  expect(percent(0.9412)).toBe('94.1 %');
  expect([points(1.26), points(-0.4)]).toEqual(['+1.3', '−0.4']);
  expect([milliseconds(null), milliseconds(3.27), milliseconds(840.4), milliseconds(12_340)]).toEqual(['–', '3.3 ms', '840 ms', '12.3 s']);
  expect([bytes(12), bytes(4_200_000)]).toEqual(['12 B', '4.2 MB']);
});

test('clipped text is one line', () => {
  expect(clip('a\n  b', 10)).toBe('a b');
  expect(clip('abcdefghij', 5)).toBe('abcd…');
});
