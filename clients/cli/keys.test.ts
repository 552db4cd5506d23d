import { expect, test } from 'vitest';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const KEY = {
  id: 'key_abcdefghijkl',
  name: 'app',
  project: 'default',
  hint: 'sk-sh-abcd',
  aliases: ['smart'],
  models: ['lab/*'],
  limits: { requestsPerMinute: 60, tokensPerMinute: null, usdPerDay: 2.5, usdPerMonth: null },
  createdAt: '2026-05-01T11:00:00Z',
  revokedAt: null,
  expiresAt: null,
  spent: { todayUsd: 0.25, monthUsd: 1.5, unpricedCalls: 3 },
};

/** What a command prints, and what it asked of the gateway. */
async function run(...args: string[]): Promise<{ text: string; asked: unknown[][] }> {
  let text = '';
  const asked: unknown[][] = [];
  const asking =
    (method: string, answer: unknown) =>
    async (...parts: unknown[]) => (asked.push([method, ...parts]), answer);
  const keys = {
    list: asking('list', [KEY]),
    create: asking('create', { ...KEY, secret: 'sk-sh-secret' }),
    change: asking('change', KEY),
    revoke: asking('revoke', KEY),
  };
  const program = createProgram(
    (command) =>
      ({
        out: () => new Output({ write: (more: string) => (text += more) }, { json: command.opts()['json'] === true, colour: false }),
        connection: () => ({ client: { keys, aliases: { list: async () => [{ name: 'smart' }] } } }),
        now: () => Date.parse('2026-05-01T12:00:00Z'),
      }) as unknown as CliContext,
  );
  await program.parseAsync(['node', 'stillhouse', 'keys', ...args]);
  return { text, asked };
}

test('the list says what a key may do and what it spent', async () => {
  const { text } = await run('list');
  expect(text).toMatch(/app +key_abcdefghijkl +sk-sh-abcd… +smart, lab\/\* +60 requests\/min, \$2\.50\/day +\$0\.250 +\$1\.50 +1 h ago/);
});

test('a new key shows its secret, with a word of warning', async () => {
  const { text, asked } = await run(
    'create',
    'app',
    '--alias',
    'smart,other',
    '--model',
    'lab/*',
    'student/*',
    '--rpm',
    '60',
    '--usd-per-day',
    '2.5',
  );
  const limits = { requestsPerMinute: 60, tokensPerMinute: undefined, usdPerDay: 2.5, usdPerMonth: undefined };
  expect(asked).toEqual([
    ['create', { name: 'app', aliases: ['smart', 'other'], models: ['lab/*', 'student/*'], expiresAt: undefined, limits }],
  ]);
  expect(text).toContain('sk-sh-secret\n! This is shown once');
});

test('an alias that there is not is allowed, with a word of warning', async () => {
  const warned = '! There is no alias "smrat" as things stand';
  for (const command of ['create', 'limit']) {
    expect((await run(command, 'app', '--alias', 'smrat', 'smart')).text.split('There is no alias')).toHaveLength(2);
    expect((await run(command, 'app', '--alias', 'smrat')).text).toContain(warned);
    expect((await run(command, 'app', '--alias', 'smart')).text).not.toContain('There is no alias');
    expect((await run(command, 'app', '--rpm', '60')).text).not.toContain('There is no alias');
  }
  const { text } = await run('create', 'app', '--alias', 'smrat', '--json');
  expect(JSON.parse(text)).toMatchObject({ secret: 'sk-sh-secret' });
});

test('a limit is changed or taken away by name, and the rest is left unsaid', async () => {
  const { asked } = await run('limit', 'app', '--usd-per-day', 'none', '--tpm', '5000', '--alias', 'none');
  expect(JSON.parse(JSON.stringify(asked))).toEqual([
    ['list'],
    ['change', KEY.id, { aliases: [], limits: { usdPerDay: null, tokensPerMinute: 5000 } }],
  ]);
  expect((await run('revoke', KEY.id, '--reason', 'leaked')).asked).toEqual([['revoke', KEY.id, 'leaked']]);
  await expect(run('revoke', 'nobody')).rejects.toThrow('no key named "nobody"');
  await expect(run('limit', 'app', '--rpm', '0')).rejects.toThrow('whole number');
});
