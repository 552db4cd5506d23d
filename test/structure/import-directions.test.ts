import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult, type IConfiguration } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// Without its parser dependency-cruiser checks nothing and says nothing: prove that the rules bite.
const { default: configuration } = (await import(new URL('../../.dependency-cruiser.mjs', import.meta.url).href)) as {
  default: IConfiguration;
};
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stillhouse-structure-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function violations(files: Record<string, string>): Promise<string[]> {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const { options, forbidden } = configuration;
  const result = await cruise(Object.keys(files), { ...options, baseDir: folder, ruleSet: { forbidden }, validate: true } as never);
  return (result.output as ICruiseResult).summary.violations.map((violation) => violation.rule.name);
}

describe('import directions', () => {
  test('core may not do I/O by platform', async () => {
    expect(
      await violations({
        'core/a.ts': "import { b } from '../platform/b.ts';\nexport const a = b;\n",
        'platform/b.ts': 'export const b = 1;\n',
      }),
    ).toContain('core-imports');
  });

  test('workflows may take types of activities, not activities', async () => {
    const activity = { 'activities/c.ts': 'export interface C { c(): Promise<void> }\nexport const c = 1;\n' };
    const typed = { 'workflows/typed.ts': "import type { C } from '../activities/c.ts';\nexport type D = C;\n", ...activity };
    expect(await violations(typed)).toEqual([]);
    expect(
      await violations({ 'workflows/value.ts': "import { b } from '../platform/b.ts';\nexport const d = b;\n", ...activity }),
    ).toContain('workflows-imports');
    writeFileSync(join(folder, 'workflows', 'value.ts'), "import { c } from '../activities/c.ts';\nexport const d = c;\n");
    copyFileSync('.oxlintrc.json', join(folder, '.oxlintrc.json'));
    const lint = (file: string) =>
      spawnSync('oxlint', ['--config', join(folder, '.oxlintrc.json'), file], { cwd: folder, encoding: 'utf8' });
    expect(lint('workflows/value.ts').stdout).toContain('by their types only');
    expect(lint('workflows/typed.ts').status).toBe(0);
  });

  test('contracts import zod only', async () => {
    expect(await violations({ 'contracts/e.ts': "import { readFileSync } from 'node:fs';\nexport const e = readFileSync;\n" })).toContain(
      'contracts-import-zod-only',
    );
  });
});
