import { mkdtempSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLogFile } from './log-file.ts';

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
