import type { Command } from 'commander';
import type { CliContext } from './context.ts';

/** `backup` and `restore`: of the home on this machine, by a program of its own. */
export function addBackupCommands(program: Command, context: CliContext): void {
  const run = async (command: string, place: string) => {
    const json = context.out().json ? ['--json'] : [];
    context.setExitCode(await context.runProgram('infra/backup/main.ts', [command, place, ...json]));
  };
  program
    .command('backup')
    .description('back up everything in the home of this machine, also while its stack serves')
    .requiredOption('--to <place>', 'a new folder, or a file where it ends with .tar')
    .action(({ to }: { to: string }) => run('backup', to));
  program
    .command('restore')
    .description('restore a backup into an empty home')
    .requiredOption('--from <place>', 'the folder or file of the backup')
    .action(({ from }: { from: string }) => run('restore', from));
}
