import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A worker program of the product in a process of its own, as the supervisor starts it. */
export interface TestWorker {
  pid: number;
  /** Resolves with the exit code (null after a signal) once the process is gone. */
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Everything that it has logged. */
  output(): string;
}

export interface TestWorkerOptions {
  program?: 'worker' | 'gpu-worker';
  env: Record<string, string>;
  /** Another program in the place of the product's, with its arguments. */
  path?: string;
  programArguments?: string[];
}

/** Starts the program and waits until it says that it is ready. */
export async function startTestWorker(options: TestWorkerOptions): Promise<TestWorker> {
  const { program = 'worker', env, programArguments = [] } = options;
  const path = options.path ?? fileURLToPath(new URL(`../../${program}/main.ts`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [path, ...programArguments], {
    env: { ...process.env, ...env, STILLHOUSE_SUPERVISED: '1' },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  child.stdout!.on('data', (bytes: Buffer) => (output += bytes.toString()));
  child.stderr!.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  await Promise.race([
    once(child, 'message'),
    exited.then((code) => Promise.reject(new Error(`${program} ended with ${code}:\n${output}`))),
  ]);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return { pid: child.pid!, exited, stop: () => end('SIGTERM'), kill: () => end('SIGKILL'), output: () => output };
}
