import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { secretFile } from './secrets.ts';

test('a secret is made once, for its owner alone; an empty file is none', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-secrets-'));
  const path = join(folder, 'secrets', 'key');
  const made = secretFile(path, 'sk');
  expect(made).toMatch(/^sk-[\w-]{32}$/);
  expect(secretFile(path, 'sk')).toBe(made);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 'secrets'))).toEqual(['key']);
  for (const nothing of ['', '\n']) {
    writeFileSync(path, nothing);
    expect(() => secretFile(path, 'sk')).toThrow(`${path} is empty: remove it`);
  }
  rmSync(folder, { recursive: true });
});
