import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { consoleFile } from './static-files.ts';

const root = mkdtempSync(join(tmpdir(), 'stillhouse-console-'));
const folder = join(root, 'dist');
mkdirSync(join(folder, 'assets'), { recursive: true });
writeFileSync(join(folder, 'index.html'), '<title>console</title>');
writeFileSync(join(folder, 'assets', 'app-1a2b.js'), 'app()');
writeFileSync(join(root, 'secret.txt'), 'secret');
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('files with their type and caching; paths of the router get the page', async () => {
  const script = await consoleFile(folder, '/assets/app-1a2b.js');
  expect([await script.text(), script.headers.get('content-type'), script.headers.get('cache-control')]).toEqual([
    'app()',
    'text/javascript; charset=utf-8',
    'public, max-age=31536000, immutable',
  ]);
  for (const path of ['/', '/traces', '/distillations/support-1']) {
    const page = await consoleFile(folder, path);
    expect([await page.text(), page.headers.get('cache-control')]).toEqual(['<title>console</title>', 'no-cache']);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  }
  expect((await consoleFile(folder, '/assets/gone.js')).status).toBe(404);
});

test.each(['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/assets/../../secret.txt', '/%00', '/%ff', '/..\\secret.txt'])(
  '%s stays inside',
  async (path) => {
    expect(await (await consoleFile(folder, path)).text()).not.toContain('secret()');
    expect(await (await consoleFile(folder, path)).text()).not.toBe('secret');
  },
);

test('a console that was not built says how to build it', async () => {
  expect(await (await consoleFile(join(root, 'nowhere'), '/')).text()).toContain('npm run build:console');
});
