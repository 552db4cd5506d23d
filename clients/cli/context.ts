import type { Environment } from '../../contracts/environment.ts';
import type { Connection } from './connection.ts';
import type { Output } from './output.ts';

/** What every command works with; made from the environment and the global options when the command runs. */
export interface CliContext {
  env: Environment;
  out: () => Output;
  connection: () => Connection;
  now: () => number;
  /** What is typed, unseen, after `prompt`; all of standard input where no terminal is. */
  readSecret: (prompt: string) => Promise<string>;
  /** Runs one of our programs with this terminal; resolves to its exit code. */
  runProgram: (path: string, args: readonly string[]) => Promise<number>;
  /** Ends the process with this code once the command is done. */
  setExitCode: (code: number) => void;
}
