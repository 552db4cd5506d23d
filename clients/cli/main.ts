import { CommanderError } from 'commander';
import { isStillhouseError } from '../../contracts/errors.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { StillhouseApiError } from '../sdk/index.ts';
import { CliError, sentencesOf } from './cli-error.ts';
import { connect } from './connection.ts';
import { Output } from './output.ts';
import { createProgram } from './program.ts';
import type { GlobalOptions } from './program.ts';
import { readSecret } from './read-secret.ts';
import { runProgram } from './run-program.ts';

/** 0: it worked, 1: it failed, 2: the command line is wrong. */
async function main(argv: readonly string[]): Promise<number> {
  let exitCode = 0;
  let json = false;
  try {
    const env = loadEnvironment();
    const program = createProgram((command) => {
      const options = () => command.opts<GlobalOptions>();
      return {
        env,
        out: () => new Output(process.stdout, { json: options().json ?? false, colour: options().colour && !process.env['NO_COLOR'] }),
        connection: () => connect(env, { url: options().url, project: options().project }),
        now: Date.now,
        readSecret: (prompt) => readSecret(prompt, process.stdin, process.stderr),
        runProgram,
        setExitCode: (code) => (exitCode = code),
      };
    });
    program.hook('preAction', () => {
      json = program.opts<GlobalOptions>().json ?? false;
    });
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    report(error, json);
    return error instanceof CliError ? error.exitCode : 1;
  }
}

function report(error: unknown, json: boolean): void {
  if (json && error instanceof StillhouseApiError) {
    const { status, code, message, param, data } = error;
    console.error(JSON.stringify({ error: { status, code, detail: message, param, data } }));
    return;
  }
  const sentences = isStillhouseError(error) ? error.message : sentencesOf(error);
  console.error(sentences === null ? error : sentences);
}

// a reader that has seen enough (`| head`) is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv);
