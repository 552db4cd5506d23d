import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

// npm drops what its registry lacks from the lock, and then refuses the lock on every clean clone.
test('the lock names the packages of every platform (else: node .ci/complete-lock.mjs)', () => {
  const before = execFileSync(process.execPath, ['.ci/complete-lock.mjs', '--check'], { cwd: root, encoding: 'utf8' });
  expect(before.trim()).toBe('nothing is missing');
});
