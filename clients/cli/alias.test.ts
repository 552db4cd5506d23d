import { expect, test } from 'vitest';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const KNOWN = [
  { target: 'lab/oracle', inputUsdPerMTok: 2.5 },
  { target: 'lab/free', inputUsdPerMTok: null },
];

/** What `alias set support` prints for these targets. */
async function printed(...args: string[]): Promise<string> {
  let text = '';
  const set = async (name: string, alias: object) => ({ name, version: 1, actor: 'admin', createdAt: '2026-05-01T12:00:00Z', ...alias });
  const program = createProgram(
    (command) =>
      ({
        out: () => new Output({ write: (more: string) => (text += more) }, { json: command.opts()['json'] === true, colour: false }),
        connection: () => ({ client: { targets: async () => KNOWN, aliases: { set } } }),
        now: () => Date.parse('2026-05-01T12:00:00Z'),
      }) as unknown as CliContext,
  );
  await program.parseAsync(['node', 'stillhouse', 'alias', 'set', 'support', ...args]);
  return text;
}

test('a target without a price is warned of, students and known models are not', async () => {
  const warnings = (await printed('lab/oracle=9', 'mine/unknown-model=1', '--fallback', 'student/s', '--fallback', 'lab/free'))
    .split('\n')
    .filter((line) => line.startsWith('!'));
  expect(warnings).toEqual([
    '! mine/unknown-model has no price in stillhouse.yaml: its calls will be unpriced.',
    '! lab/free has no price in stillhouse.yaml: its calls will be unpriced.',
  ]);
  expect(JSON.parse(await printed('mine/unknown-model', '--json'))).toMatchObject({ name: 'support', version: 1 });
});
