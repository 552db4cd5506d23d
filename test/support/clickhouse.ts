import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ClickHouseClient, connectClickHouse } from '../../store/clickhouse/connection.ts';
import { migrate } from '../../store/clickhouse/migrate.ts';

const PROGRAM = fileURLToPath(new URL('../../infra/clickhouse/main.ts', import.meta.url));

/** A migrated embedded ClickHouse in a process and a folder of its own. */
export interface TestClickHouse {
  url: string;
  /** Of its process; another after `restart`. */
  readonly pid: number;
  /** The engine's folder. */
  folder: string;
  /** Connected to the database `stillhouse`; closed by `stop`. */
  client: ClickHouseClient;
  /** Ends the process and removes the folder. */
  stop(): Promise<void>;
  /** SIGKILL; the folder stays. */
  kill(): Promise<void>;
  /** Starts again on the same folder and port, after `kill`. */
  restart(): Promise<void>;
  /** What a process that should use it gets in its environment. */
  env: { CLICKHOUSE_URL: string; CLICKHOUSE_DATABASE: string; CLICKHOUSE_USER: string; CLICKHOUSE_PASSWORD: string };
}

/** Starts the real program on a free port. Takes about two seconds. A folder that is `kept` stays as it is, for the next start. */
export async function startTestClickHouse(kept?: string): Promise<TestClickHouse> {
  const home = kept ?? mkdtempSync(join(tmpdir(), 'stillhouse-clickhouse-'));
  let process = await startProgram(home, 0);
  const env = { CLICKHOUSE_URL: process.url, CLICKHOUSE_DATABASE: 'stillhouse', CLICKHOUSE_USER: 'default', CLICKHOUSE_PASSWORD: '' };
  await migrate(env);
  const client = connectClickHouse(env);
  return {
    url: process.url,
    get pid() {
      return process.child.pid!;
    },
    folder: join(home, 'clickhouse'),
    client,
    env,
    async stop() {
      await client.close();
      await end(process.child, 'SIGTERM');
      if (kept === undefined) rmSync(home, { recursive: true, force: true });
    },
    kill: () => end(process.child, 'SIGKILL'),
    async restart() {
      process = await startProgram(home, Number(new URL(env.CLICKHOUSE_URL).port));
    },
  };
}

async function startProgram(home: string, port: number): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(globalThis.process.execPath, [PROGRAM], {
    env: {
      ...globalThis.process.env,
      STILLHOUSE_HOME: home,
      STILLHOUSE_CLICKHOUSE_PORT: String(port),
      STILLHOUSE_LOG_LEVEL: 'info',
      UV_THREADPOOL_SIZE: '16',
      STILLHOUSE_SUPERVISED: '1',
    },
    // It ends when its stdin does: a test runner that is killed leaves nothing behind.
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr!.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      const found = /"url":"([^"]+)"/.exec(output)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the embedded ClickHouse ended with ${code}:\n${output}`)));
  });
  return { child, url };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}
