import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../infra/processes/ports.ts';
import { devServerArguments, isDevServerReady } from '../../infra/temporal/dev-server.ts';
import { ensureTemporalBinary } from '../../infra/temporal/temporal-binary.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';

/** A real Temporal server of one test, on free ports, with its database in a folder of its own. */
export interface TestTemporal {
  /** `host:port`; stays the same over restarts. */
  address: string;
  /** The address of its UI. */
  ui: string;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
  /** SIGKILL; the data stays. */
  kill9(): Promise<void>;
  /** Starts it again on the same data and ports; resolves when workflows can be started. */
  restart(): Promise<void>;
}

/** The program that the supervisor starts too: from the PATH or the cache; built where there is none (global set-up). */
export async function temporalProgram(): Promise<string> {
  const silent = () => undefined;
  const context = { cacheFolder: cacheFolder(loadEnvironment()), say: silent, progress: silent };
  return (await ensureTemporalBinary(context, process.env)).program;
}

/** Starts a server; about 1.5 s. */
export async function startTestTemporal(): Promise<TestTemporal> {
  const program = await temporalProgram();
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-temporal-'));
  const port = await freePort();
  const uiPort = await freePort('127.0.0.1', new Set([port]));
  const address = `127.0.0.1:${port}`;
  const start = () => startServer(program, devServerArguments({ folder, port, uiPort }), address);
  let server = await start();
  return {
    address,
    ui: `http://127.0.0.1:${uiPort}`,
    kill9: () => end(server, 'SIGKILL'),
    restart: async () => {
      await end(server, 'SIGTERM');
      server = await start();
    },
    stop: async () => {
      await end(server, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startServer(program: string, args: string[], address: string): Promise<ChildProcess> {
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'ignore'] });
  // A test process that dies takes its server with it.
  const end = () => void server.kill('SIGKILL');
  process.once('exit', end);
  server.once('exit', () => process.off('exit', end));
  while (!(await isDevServerReady(address))) {
    if (server.exitCode !== null) throw new Error(`temporal ended with code ${server.exitCode}: ${program} ${args.join(' ')}`);
    await wait(50);
  }
  return server;
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((done) => server.once('exit', done));
  server.kill(signal);
  await ended;
}
