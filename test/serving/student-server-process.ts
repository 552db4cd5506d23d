import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../serving/student-server/main.ts', import.meta.url));

/** The real program in a process of its own. */
export interface StudentServerProcess {
  readonly url: string;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** Starts again on the same port. */
  restart(): Promise<void>;
  /** SIGTERM: its exit code. */
  stop(): Promise<number | null>;
  dispose(): Promise<void>;
  ask(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
}

/** Starts it on an artifact store; ready when it returns. */
export async function startStudentServerProcess(artifactsUrl: string, env: Record<string, string> = {}): Promise<StudentServerProcess> {
  const home = mkdtempSync(join(tmpdir(), 'stillhouse-student-server-'));
  const start = (port: string) =>
    spawnServer({
      ...process.env,
      STILLHOUSE_HOME: home,
      STILLHOUSE_CONFIG: join(home, 'none.yaml'),
      STILLHOUSE_ARTIFACTS: artifactsUrl,
      STILLHOUSE_STUDENT_SERVER_PORT: port,
      STILLHOUSE_HOST: '127.0.0.1',
      STILLHOUSE_DEVICE: 'cpu',
      STILLHOUSE_SERVICE_KEY: '',
      STILLHOUSE_SUPERVISED: '1',
      ...env,
    });
  let { child, url } = await start('0');
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {
    get url() {
      return url;
    },
    kill: async () => void (await end('SIGKILL')),
    restart: async () => void ({ child, url } = await start(new URL(url).port)),
    stop: () => end('SIGTERM'),
    async dispose() {
      await end('SIGKILL');
      rmSync(home, { recursive: true, force: true });
    },
    async ask(method, path, body) {
      const response = await fetch(url + path, { method, ...(body ? { body: JSON.stringify(body) } : {}) });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
    },
  };
}

async function spawnServer(env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; url: string }> {
  // Its stdin is held open: it ends when the test's process does, however that ends.
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the student server ended with ${code}: ${said.join('')}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, address } = JSON.parse(line) as { msg: string; address?: string };
      if (msg === 'listening') resolve({ child, url: address! });
    });
  });
}
