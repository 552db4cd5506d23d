import { expect, test } from 'vitest';
import { isAtLeast, versionIn } from './release.ts';

test.each([
  ['1.8.2', true],
  ['1.8.10', true],
  ['1.10.0', true],
  ['2.0.0', true],
  ['1.8.1', false],
  ['1.8.2-rc1', false],
  ['1.8', false],
  ['0.9.9', false],
])('%s is at least 1.8.2: %s', (version, expected) => {
  expect(isAtLeast(version, '1.8.2')).toBe(expected);
});

test('the version is read from what the CLI prints', () => {
  expect(versionIn('temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)')).toBe('1.8.2');
  expect(versionIn('temporal version 1.9.0-rc.1 (Server 1.32.0)')).toBe('1.9.0-rc.1');
  expect(versionIn('tctl 1.18')).toBeNull();
});
