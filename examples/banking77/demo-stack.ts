import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Part } from '../../contracts/names.ts';

/** A stack that the demo started with the same supervisor as `npm start`. */
export interface DemoStack {
  parts: () => Part[];
  address(part: Part['name']): string | null;
  stop(): Promise<void>;
  /** Resolves with the exit code when the supervisor ends by itself. */
  ended: Promise<number | null>;
}

/** Starts the supervisor and waits until the gateway says that it is ready. `more` is added to the environment. */
export async function startDemoStack(home: string, configurationPath: string, more: NodeJS.ProcessEnv): Promise<DemoStack> {
  // parts.json of a stack that runs already would look like ours.
  const running = readParts(home).filter((part) => part.pid !== null && isAlive(part.pid));
  if (running.length > 0)
    throw new Error(
      `A stack runs on ${home} already (${running.map((part) => part.name).join(', ')}): stop it, or set STILLHOUSE_HOME to another folder and STILLHOUSE_PORT to another port.`,
    );
  const supervisor = spawn(process.execPath, [fileURLToPath(new URL('../../infra/main.ts', import.meta.url))], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // A group of its own: Ctrl-C reaches the demo, which then stops the stack in order.
    detached: true,
    env: { ...process.env, STILLHOUSE_HOME: home, STILLHOUSE_CONFIG: configurationPath, ...more },
  });
  const ended = new Promise<number | null>((done) => supervisor.once('exit', (code) => done(code)));
  const parts = () => readParts(home);
  const stack: DemoStack = {
    parts,
    address: (name) => parts().find((part) => part.name === name)?.address ?? null,
    stop: () => stop(supervisor, ended),
    ended,
  };
  await ready(stack, supervisor);
  return stack;
}

function readParts(home: string): Part[] {
  try {
    return JSON.parse(readFileSync(join(home, 'run', 'parts.json'), 'utf8')) as Part[];
  } catch {
    return [];
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function ready(stack: DemoStack, supervisor: ChildProcess): Promise<void> {
  for (;;) {
    if (supervisor.exitCode !== null || supervisor.signalCode !== null)
      throw new Error('The stack did not start; the line above says why.');
    const up = stack
      .parts()
      .filter((part) => part.pid !== null)
      .map((part) => part.name);
    const gateway = stack.address('gateway');
    if (gateway && up.includes('worker') && up.includes('gpu-worker') && (await isOk(`${gateway}/readyz`))) return;
    await new Promise((done) => setTimeout(done, 250));
  }
}

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

async function stop(supervisor: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill('SIGINT');
  await ended;
}
