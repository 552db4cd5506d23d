import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setPriority } from 'node:os';
import { endGroup } from './process-group.ts';
import type { ChildLedger } from './child-ledger.ts';

/** How a command is run. */
export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Every line of stdout and stderr, as it comes. */
  onLine?: (line: string) => void;
  /** Ends the command's process group; the promise then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Where the group is written down while it runs. */
  ledger?: ChildLedger;
  /** Steps aside for the parts that already serve. */
  nice?: boolean;
  /** Gives it a stdin that ends when this process does: for programs that take the end as "the parent is gone". */
  holdStdin?: boolean;
}

/** How it ended. */
export interface CommandResult {
  /** Null where a signal ended it, or where there is no such program. */
  code: number | null;
  /** The last 40 lines of both outputs. */
  tail: string[];
}

const TAIL_LINES = 40;

/** Runs a program to its end in a process group of its own. A program that does not exist ends with code null and says so. */
export async function runCommand(program: string, args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: [options.holdStdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdin?.on('error', () => undefined);
  const tail: string[] = [];
  const take = (line: string) => {
    tail.push(line);
    if (tail.length > TAIL_LINES) tail.shift();
    options.onLine?.(line);
  };
  for (const stream of [child.stdout!, child.stderr!]) createInterface({ input: stream }).on('line', take);
  const ended = new Promise<number | null>((done) => {
    child.once('error', (error) => {
      take(error.message);
      done(null);
    });
    child.once('close', (code) => done(code));
  });
  const { pid } = child;
  if (pid === undefined) return { code: await ended, tail };
  if (options.nice) setPriority(pid, 10);
  options.ledger?.add(program, pid);
  const abort = () => void endGroup(pid, 2_000);
  options.signal?.addEventListener('abort', abort, { once: true });
  const code = await ended;
  options.ledger?.remove(pid);
  options.signal?.removeEventListener('abort', abort);
  options.signal?.throwIfAborted();
  return { code, tail };
}
