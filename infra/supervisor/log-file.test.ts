import { mkdtempSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLogFile, readableLine } from './log-file.ts';

test('the tail is of this start only; a log that has grown too large is put aside', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'stillhouse-log-')), 'gateway.log');
  writeFileSync(path, 'of the last start\n');
  const log = openLogFile(path, 20);
  writeSync(log.fd, 'one\ntwo\nthree\n');
  expect(log.tail(2)).toEqual(['two', 'three']);
  expect(log.tail(9)).toEqual(['one', 'two', 'three']);
  log.close();

  openLogFile(path, 20).close();
  expect(readFileSync(`${path}.1`, 'utf8')).toContain('of the last start\none');
  expect(readFileSync(path, 'utf8')).toBe('');
});

test.each([
  ['{"level":50,"msg":"Temporal is away","reason":"refused"}', 'Temporal is away: refused'],
  ['{"level":50,"err":{"message":"no space left"}}', 'no space left'],
  ['{"level":50,"msg":"cut o', '{"level":50,"msg":"cut o'],
  ['Error: no such file', 'Error: no such file'],
  ['a line that is far too long for a terminal', 'a line that is far too long f…'],
])('%s reads as %s', (line, expected) => {
  expect(readableLine(line, 30)).toBe(expected);
});
