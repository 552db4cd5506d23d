import { expect, test } from 'vitest';
import type { CliContext } from './context.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';

/** Which program a command line runs, with what, and the exit code that comes of it. */
async function run(...args: string[]) {
  const ran: { path: string; args: readonly string[] }[] = [];
  let exitCode = 0;
  const program = createProgram(
    (command) =>
      ({
        out: () => new Output({ write: () => true }, { json: command.opts()['json'] === true, colour: false }),
        runProgram: async (path: string, given: readonly string[]) => {
          ran.push({ path, args: given });
          return 3;
        },
        setExitCode: (code: number) => (exitCode = code),
      }) as unknown as CliContext,
  );
  await program.parseAsync(['node', 'stillhouse', ...args]);
  return { ...ran[0]!, exitCode };
}

test("the demo's options are the demo's", async () => {
  const expected = { path: 'examples/banking77/demo.ts', args: ['--teacher', 'openai/gpt-4o', '--chaos'], exitCode: 3 };
  expect(await run('demo', '--teacher', 'openai/gpt-4o', '--chaos')).toEqual(expected);
  expect(await run('demo', '--', '--teacher', 'openai/gpt-4o', '--chaos')).toEqual(expected);
});

test('up and doctor are programs of their own; their exit code is the exit code', async () => {
  expect(await run('up')).toEqual({ path: 'infra/main.ts', args: [], exitCode: 3 });
  expect(await run('--json', 'doctor')).toEqual({ path: 'infra/doctor.ts', args: ['--json'], exitCode: 3 });
});

test('backup and restore are a program with a place', async () => {
  expect(await run('backup', '--to', 'b.tar')).toEqual({ path: 'infra/backup/main.ts', args: ['backup', 'b.tar'], exitCode: 3 });
  expect(await run('--json', 'restore', '--from', 'b')).toEqual({
    path: 'infra/backup/main.ts',
    args: ['restore', 'b', '--json'],
    exitCode: 3,
  });
});
