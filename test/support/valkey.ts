import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../infra/processes/ports.ts';

const PROGRAM = ['valkey-server', 'redis-server'].find((program) => spawnSync(program, ['--version']).status === 0);

/** Why tests that need a server are skipped; null where there is one. */
export const withoutValkey =
  PROGRAM === undefined
    ? 'neither Valkey nor Redis is installed here: apt-get install redis-server, or valkey-server where the distribution has it'
    : null;

/** A real server of one test, which keeps everything in its memory. */
export interface TestValkey {
  /** Stays the same over restarts. */
  url: string;
  /** SIGKILL: all it knew is gone. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

export async function startTestValkey(): Promise<TestValkey> {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-valkey-'));
  const port = String(await freePort());
  let server: ChildProcess;
  const restart = async () => {
    const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder];
    server = spawn(PROGRAM!, options, { stdio: 'ignore' });
    await once(server, 'spawn');
  };
  const kill = async () => {
    server.kill('SIGKILL');
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit');
  };
  await restart();
  return {
    url: `redis://127.0.0.1:${port}`,
    kill,
    restart,
    async stop() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
