import { expect, test } from 'vitest';
import type { Privacy } from '../../contracts/privacy.ts';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const PRIVACY: Privacy = { storeBodies: 0.1, mask: ['email'], patterns: [{ name: 'order', pattern: 'ORD-[0-9]{4,}' }], fields: ['ssn'] };

/** What a command prints, and what it asked of the gateway. */
async function run(...args: string[]): Promise<{ text: string; asked: unknown[] }> {
  let text = '';
  const asked: unknown[] = [];
  const spent = { name: 'acme', keys: 1, aliases: 0, budget: { usdPerDay: null, usdPerMonth: null }, retentionDays: null, spent: null };
  const project = { ...spent, privacy: PRIVACY };
  const projects = {
    list: () => Promise.resolve([project]),
    change: (name: string, { privacy }: { privacy: object | null }) => {
      asked.push(name, JSON.parse(JSON.stringify(privacy)));
      return Promise.resolve({ ...project, privacy: privacy && PRIVACY });
    },
  };
  const program = createProgram(
    (command) =>
      ({
        out: () => new Output({ write: (more: string) => (text += more) }, { json: command.opts()['json'] === true, colour: false }),
        connection: () => ({ client: { projects } }),
      }) as unknown as CliContext,
  );
  program.exitOverride();
  await program.parseAsync(['node', 'stillhouse', 'projects', ...args]);
  return { text, asked };
}

test('what is stored is shown where nothing is said, and in the list', async () => {
  const { text, asked } = await run('privacy', 'acme');
  expect(asked).toEqual([]);
  expect(text).toMatch(/bodies stored +10 %\nmasked +email\nown patterns +\[order\] ORD-\[0-9\]\{4,\}\nnot stored +ssn\n/);
  expect((await run('list')).text).toMatch(/acme .* 10 % of bodies, masked/);
  await expect(run('privacy', 'acne')).rejects.toThrow('no project "acne"');
});

test('options say all of it anew', async () => {
  const options = [
    '--store-bodies',
    '0.1',
    '--mask',
    'email,card',
    '--pattern',
    'order=ORD-[0-9]{4,}',
    'id=a=b',
    '--field',
    'ssn',
    'customer.email',
  ];
  expect((await run('privacy', 'acme', ...options)).asked).toEqual([
    'acme',
    {
      storeBodies: 0.1,
      mask: ['email', 'card'],
      patterns: [
        { name: 'order', pattern: 'ORD-[0-9]{4,}' },
        { name: 'id', pattern: 'a=b' },
      ],
      fields: ['ssn', 'customer.email'],
    },
  ]);
  const { asked, text } = await run('privacy', 'acme', '--none');
  expect(asked).toEqual(['acme', null]);
  expect(text).toBe('Everything is stored as it is.\n');
});

test.each([
  [['--store-bodies', '2'], 'from 0 to 1'],
  [['--mask', 'e-mail'], 'knows no "e-mail"'],
  [['--pattern', 'ORD'], '<name>=<regex>'],
  [['--none', '--field', 'ssn'], 'no other option'],
])('%s is refused', async (options, sentence) => {
  await expect(run('privacy', 'acme', ...options)).rejects.toThrow(sentence);
});
