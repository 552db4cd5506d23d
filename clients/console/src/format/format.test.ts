import { describe, expect, it } from 'vitest';
import { formatCost, formatPrice, formatUsd } from './cost.ts';
import { formatBytes, formatPercent, formatPoints, formatShare, formatTimes, plural } from './numbers.ts';
import { formatAgo, formatDuration, formatMs } from './time.ts';

describe('costs', () => {
  it.each([
    [null, '–'],
    [0, '$0'],
    [0.00012, '$0.00012'],
    [0.000123456, '$0.00012'],
    [0.0421, '$0.0421'],
    [0.5, '$0.5'],
    [3.274, '$3.27'],
    [1240.4, '$1,240'],
    [0.000_001_24, '$0.0000012'],
    [1e-7, '<$0.000001'],
    [-0.5, '−$0.5'],
  ])('%s is %s', (usd, text) => expect(formatUsd(usd)).toBe(text));
  it.each([
    [0.042, null, '$0.042'],
    [null, undefined, '–'],
    [null, 0.0012, 'unknown, some $0.0012 estimated'],
    [0.042, 0.0012, '$0.042 and some $0.0012 estimated'],
  ])('%s, and %s estimated, is %s', (usd, estimatedUsd, text) => expect(formatCost(usd, estimatedUsd)).toBe(text));
  it('says unpriced for an unknown price', () => expect(formatPrice(null)).toBe('unpriced'));
});

describe('numbers', () => {
  it('signs points with a real minus and leaves zero bare', () => {
    expect([formatPoints(0.44), formatPoints(-1.25), formatPoints(-0.01)]).toEqual(['+0.4', '−1.3', '0.0']);
  });
  it('shares, sizes, ratios, plurals', () => {
    expect(formatPercent(0.9834)).toBe('98.3 %');
    expect([formatShare(0.95), formatShare(0.025), formatShare(1 / 3)]).toEqual(['95 %', '2.5 %', '33.3 %']);
    expect([formatBytes(900), formatBytes(38_200), formatBytes(4_100_000)]).toEqual(['900 B', '38.2 kB', '4.1 MB']);
    expect([formatTimes(41, 0.1), formatTimes(5, 2), formatTimes(null, 2), formatTimes(1, 0)]).toEqual(['410×', '2.5×', null, null]);
    expect([plural(1, 'row'), plural(1200, 'row')]).toEqual(['1 row', '1,200 rows']);
  });
});

describe('times', () => {
  it.each([
    [0.42, '0.4 ms'],
    [38.4, '38 ms'],
    [1240, '1.24 s'],
    [42_000, '42.0 s'],
    [124_000, '2 min 4 s'],
  ])('%s ms is %s', (ms, text) => expect(formatMs(ms)).toBe(text));
  it('durations keep two units', () => {
    expect([formatDuration(400), formatDuration(38_000), formatDuration(60_000), formatDuration(3_780_000)]).toEqual([
      '0.4 s',
      '38 s',
      '1 min',
      '1 h 3 min',
    ]);
  });
  it('relative times', () => {
    const now = Date.parse('2026-11-20T12:00:00Z');
    const ago = (iso: string) => formatAgo(iso, now);
    expect(ago('2026-11-20T11:59:58Z')).toBe('just now');
    expect(ago('2026-11-20T11:59:20Z')).toBe('40 s ago');
    expect(ago('2026-11-20T09:10:00Z')).toBe('2 h ago');
    expect(ago('2026-11-17T09:10:00Z')).toBe('3 d ago');
  });
});
