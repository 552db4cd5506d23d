import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TrainerEvent } from '../../contracts/trainer.ts';
import type { Logger } from '../../platform/logger.ts';

/** How the trainer's Python is run. */
export interface TrainerProgram {
  /** The environment's `bin/python`. */
  python: string;
  /** Folder of the package `stillhouse_trainer`. */
  source: string;
  /** Configurations lie here while a trainer runs. */
  temporaryFolder: string;
  /** The worker's environment: proxies, `HF_HOME`, a hub's token. */
  env: NodeJS.ProcessEnv;
  log: Logger;
}

/** One run of the trainer. */
export interface TrainerRun {
  command: 'inspect' | 'train' | 'export';
  config: object;
  /** Aborted: SIGTERM, so that it writes a checkpoint, and SIGKILL after the grace. */
  signal: AbortSignal;
  graceMs: number;
  onEvent: (event: TrainerEvent) => void;
}

/** How it ended; the process has ended when this is there. */
export interface TrainerEnd {
  /** null: by a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** What it gave as its reason. */
  error: { code: string; message: string; data: Record<string, unknown> } | null;
  /** Last lines of stderr, for a reason where it gave none. */
  tail: string[];
}

const TAIL_LINES = 20;
const ENVIRONMENT = {
  PYTHONUNBUFFERED: '1',
  PYTHONDONTWRITEBYTECODE: '1',
  // Threads that wait sleep instead of spinning: the machine has other work, and spinning would take its cores from it.
  OMP_WAIT_POLICY: 'PASSIVE',
};

/**
 * Runs the trainer in a process group of its own. Its stdin is a pipe that nobody writes to: its end tells the child that
 * its parent is gone, however that ended. Resolves only once the child has exited, so that what follows has the device.
 */
export async function runTrainer(program: TrainerProgram, run: TrainerRun): Promise<TrainerEnd> {
  run.signal.throwIfAborted();
  await mkdir(program.temporaryFolder, { recursive: true });
  const configPath = join(program.temporaryFolder, `trainer-${randomUUID()}.tmp`);
  await writeFile(configPath, JSON.stringify(run.config), { flag: 'wx', mode: 0o600 });
  try {
    const child = spawn(program.python, ['-m', 'stillhouse_trainer', run.command, configPath], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { ...program.env, ...ENVIRONMENT, PYTHONPATH: program.source },
    });
    return await watch(child, program, run);
  } finally {
    await rm(configPath, { force: true });
  }
}

async function watch(child: ChildProcess, { log }: TrainerProgram, run: TrainerRun): Promise<TrainerEnd> {
  const end: TrainerEnd = { code: null, signal: null, error: null, tail: [] };
  const keep = (line: string) => {
    end.tail.push(line);
    if (end.tail.length > TAIL_LINES) end.tail.shift();
  };
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const event = parse(line);
    if (event === null) return keep(line);
    if (event.event === 'error') end.error = { code: event.code, message: event.message, data: event.data };
    run.onEvent(event);
  });
  createInterface({ input: child.stderr! }).on('line', (line) => {
    keep(line);
    log.debug({ trainer: run.command }, line);
  });
  // A child that is gone already closes its end first.
  child.stdin!.on('error', () => undefined);
  const ended = new Promise<void>((done) => {
    child.once('error', (error) => {
      keep(error.message);
      done();
    });
    child.once('close', (code, signal) => {
      Object.assign(end, { code, signal });
      done();
    });
  });
  let killer: NodeJS.Timeout | undefined;
  const stop = () => {
    signalGroup(child, 'SIGTERM');
    killer = setTimeout(() => signalGroup(child, 'SIGKILL'), run.graceMs);
  };
  if (run.signal.aborted) stop();
  run.signal.addEventListener('abort', stop, { once: true });
  await ended;
  clearTimeout(killer);
  run.signal.removeEventListener('abort', stop);
  // Processes that it started (several GPUs) go with it.
  signalGroup(child, 'SIGKILL');
  return end;
}

function parse(line: string): TrainerEvent | null {
  try {
    const parsed = TrainerEvent.safeParse(JSON.parse(line));
    // Events that only people read (a phase, a sampling) are of no kind that is acted on.
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
