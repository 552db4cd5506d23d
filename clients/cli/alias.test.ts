import { expect, test } from 'vitest';
import { StillhouseApiError } from '../sdk/index.ts';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

const KNOWN = [
  { target: 'lab/oracle', inputUsdPerMTok: 2.5 },
  { target: 'lab/free', inputUsdPerMTok: null },
];

const KEPT = { name: 'kept', version: 1, reason: '', actor: 'admin', createdAt: '2026-05-01T12:00:00Z', deleted: false, cache: { ttlSeconds: 60 }, hedge: { afterMs: 800 } }; // prettier-ignore

/** What `alias set support` prints for these targets. */
function printed(...args: string[]): Promise<string> {
  return alias('set', 'support', ...args);
}

async function alias(...args: string[]): Promise<string> {
  let text = '';
  const set = async (name: string, alias: object) => ({ name, version: 1, actor: 'admin', createdAt: '2026-05-01T12:00:00Z', ...alias });
  const get = async (name: string) => {
    if (name === KEPT.name) return KEPT;
    throw new StillhouseApiError({ status: 404, code: 'not_found', detail: 'no such alias', param: null, data: {} });
  };
  const program = createProgram(
    (command) =>
      ({
        out: () => new Output({ write: (more: string) => (text += more) }, { json: command.opts()['json'] === true, colour: false }),
        connection: () => ({
          client: {
            targets: async () => KNOWN,
            providers: async () => [
              { id: 'lab', ready: true, reason: '' },
              { id: 'keyless', ready: false, reason: 'Provider "keyless" needs its key.' },
            ],
            aliases: { set, get, list: async () => [{ ...KEPT, fallbacks: [], targets: [{ target: 'lab/free', weight: 1 }] }] },
          },
        }),
        now: () => Date.parse('2026-05-01T12:00:00Z'),
      }) as unknown as CliContext,
  );
  await program.parseAsync(['node', 'stillhouse', 'alias', ...args]);
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

test('a target whose provider can not be called is warned of, once', async () => {
  const warnings = (await printed('lab/oracle', '--fallback', 'keyless/a', '--fallback', 'keyless/b')).match(/^! As things.*$/gm);
  expect(warnings).toEqual(['! As things stand, "keyless" can\'t be called. Provider "keyless" needs its key.']);
});

test('cache and hedge stay as they are unless they are said, and go by "none"', async () => {
  const set = async (name: string, ...args: string[]) => {
    const { cache, hedge } = JSON.parse(await alias('set', name, 'lab/oracle', '--json', ...args)) as Record<string, unknown>;
    return { cache, hedge };
  };
  expect(await set('kept')).toEqual({ cache: { ttlSeconds: 60 }, hedge: { afterMs: 800 } });
  expect(await set('kept', '--cache', 'none', '--hedge', '250')).toEqual({ cache: undefined, hedge: { afterMs: 250 } });
  expect(await set('support', '--cache', '3600')).toEqual({ cache: { ttlSeconds: 3600 }, hedge: undefined });
  await expect(alias('set', 'kept', 'lab/oracle', '--cache', 'long')).rejects.toThrow('must be a whole number from 1 on, or "none"');
  expect(await alias('list')).toMatch(/kept +1 +lab\/free +– +60 s +800 ms/);
});
