import { Command } from 'commander';
import { addAliasCommands } from './alias.ts';
import { addBackupCommands } from './backup.ts';
import { addClusterCommands } from './clusters.ts';
import type { CliContext } from './context.ts';
import { addDatasetCommands } from './datasets.ts';
import { addDistilCommand } from './distil.ts';
import { addDistillationCommands } from './distillations.ts';
import { addEstimateCommand } from './estimate.ts';
import { addKeyCommands } from './keys.ts';
import { addProjectCommands } from './projects.ts';
import { addProviderCommands } from './providers.ts';
import { addStackCommands } from './stack.ts';
import { addStatusCommand } from './status.ts';
import { addStudentCommands } from './students.ts';
import { addTargetsCommand } from './targets.ts';
import { addTraceExportCommand } from './trace-export.ts';
import { addTraceForgetCommand } from './trace-forget.ts';
import { addTraceReplayCommand } from './trace-replay.ts';
import { addTraceImportCommands } from './trace-import.ts';
import { addTraceCommands } from './traces.ts';
import { addUsageCommand } from './usage.ts';
import { addWebhookCommands } from './webhooks.ts';

/** Options of every command. */
export interface GlobalOptions {
  json?: boolean;
  colour: boolean;
  url?: string;
  project?: string;
}

/** The command line. `makeContext` gets the program, whose options stand once it parses. */
export function createProgram(makeContext: (program: Command) => CliContext): Command {
  const program = new Command('stillhouse')
    .description('Turns the traffic of an application into a small model, and moves it over when it has proved itself.')
    .option('--json', 'print JSON instead of tables')
    .option('--url <address>', 'the gateway; default: STILLHOUSE_URL, else the stack of the home')
    .option('--project <name>', "whose data; default: the key's own project")
    .option('--no-colour', 'print without colours (also: NO_COLOR)')
    .showHelpAfterError('(--help shows what there is)')
    .showSuggestionAfterError()
    .version('0.1.0')
    .exitOverride();
  const context = makeContext(program);
  addStackCommands(program, context);
  addBackupCommands(program, context);
  addStatusCommand(program, context);
  const traces = addTraceCommands(program, context);
  addTraceExportCommand(traces, context);
  addTraceImportCommands(traces, context);
  addTraceForgetCommand(traces, context);
  addTraceReplayCommand(traces, context);
  addUsageCommand(program, context);
  addClusterCommands(program, context);
  addDatasetCommands(program, context);
  addEstimateCommand(program, context);
  addDistilCommand(program, context);
  addDistillationCommands(program, context);
  addAliasCommands(program, context);
  addKeyCommands(program, context);
  addProjectCommands(program, context);
  addStudentCommands(program, context);
  addProviderCommands(program, context);
  addTargetsCommand(program, context);
  addWebhookCommands(program, context);
  for (const group of program.commands) refuseUnknownCommands(group);
  return program;
}

/** A group whose default command lists: a misspelt command is told as one, not as a word too many for the list. */
function refuseUnknownCommands(group: Command): void {
  group.hook('preSubcommand', () => {
    const [word] = group.args;
    if (word === undefined || word.startsWith('-')) return;
    const names = group.commands.map((command) => command.name());
    if (names.includes(word) || word === 'help') return;
    group.error(`error: unknown command '${group.name()} ${word}'; there are ${names.join(', ')}`, {
      code: 'commander.unknownCommand',
      exitCode: 1,
    });
  });
}
