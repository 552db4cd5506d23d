import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** `up`, `doctor` and `demo`: programs of their own, run in this terminal. */
export function addStackCommands(program: Command, context: CliContext): void {
  const run = async (path: string, args: readonly string[]) => context.setExitCode(await context.runProgram(path, args));
  program
    .command('up')
    .description('start the whole stack on this machine; Ctrl-C stops it')
    .action(() => run('infra/main.ts', []));
  program
    .command('doctor')
    .description('check what the stack needs, and print the effective configuration')
    .action(() => run('infra/doctor.ts', context.out().json ? ['--json'] : []));
  program
    .command('demo')
    .description('play the whole loop on real customer messages (options: see docs/demo.md)')
    .argument('[options...]', 'options of the demo, after --')
    .allowUnknownOption()
    .action((options: string[]) => run('examples/banking77/demo.ts', options));
}
