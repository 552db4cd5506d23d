import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { emptySnapshot } from '../gateway/aliases/apply-versions.ts';
import { writeSnapshot } from '../gateway/aliases/snapshot-file.ts';

/** A server under measurement, or one that it needs. */
export interface Server {
  name: string;
  port: number;
  pid: number;
  /** Where it answers by more than one. */
  processes?: number;
  stop(): Promise<void>;
  /** Waits until nothing is left to do behind the calls' backs. */
  settle(): Promise<void>;
}

export const KEY = 'sk-bench-0123456789abcdef';
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const hasTaskset = (() => {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Keeps this process, and what it starts without a core of its own, to one core. */
export function keepToCore(core: number): void {
  if (hasTaskset) execFileSync('taskset', ['-a', '-p', '-c', String(core), String(process.pid)], { stdio: 'ignore' });
}

const LAST = 19;

/**
 * Lets a process go behind whoever wants its core: ClickHouse, which no peer has, shares one with the upstream and the load, and would hold up
 * both. What it does later is waited for all the same.
 */
export function giveWay(pid: number): void {
  if (!existsSync(`/proc/${pid}/task`)) return;
  // Linux has a priority per thread; new ones have that of who makes them.
  for (const thread of readdirSync(`/proc/${pid}/task`)) setPriority(Number(thread), LAST);
}

interface Spawning {
  env?: Record<string, string>;
  core: number | null;
  log: string;
}

/** Runs a program; what is measured has the last core for itself where there are cores to choose from. */
export function spawnServer(command: string[], { env, core, log }: Spawning): ChildProcess {
  const out = openSync(log, 'a');
  const pinned = core !== null && hasTaskset ? ['taskset', '-c', String(core), ...command] : command;
  return spawn(pinned[0]!, pinned.slice(1), {
    env: { ...process.env, STILLHOUSE_SUPERVISED: '1', ...env },
    // Its stdin is held open: it ends when the bench does, however that ends.
    stdio: ['pipe', out, out],
  });
}

function start(program: string, args: string[], spawning: Spawning): ChildProcess {
  return spawnServer([process.execPath, here(program), ...args], spawning);
}

/** The bare proxy. */
export async function startFloor(upstream: number, folder: string, core: number): Promise<Server> {
  const port = await freePort();
  const child = start('./gateway-floor.ts', [`http://127.0.0.1:${upstream}`, String(port)], { core, log: join(folder, 'floor.log') });
  await ready(port, '/readyz');
  return { name: 'floor', port, pid: child.pid!, stop: () => stop(child), settle: () => Promise.resolve() };
}

/** What passes bytes on without reading them. */
export async function startRelay(upstream: number, folder: string, core: number): Promise<Server> {
  const port = await freePort();
  const child = start('./gateway-relay.ts', [String(upstream), String(port)], { core, log: join(folder, 'relay.log') });
  await ready(port, '/', 'POST');
  return { name: 'relay', port, pid: child.pid!, stop: () => stop(child), settle: () => Promise.resolve() };
}

/** The product: the real program, its spool, and its shipments to ClickHouse. */
export async function startGatewayProcess(
  upstream: number,
  clickhouseUrl: string,
  folder: string,
  core: number,
  processes = 1,
): Promise<Server> {
  const port = await freePort();
  const name = processes === 1 ? 'stillhouse' : `stillhouse-${processes}`;
  const home = join(folder, name);
  const configuration = join(folder, 'stillhouse.yaml');
  const model = { id: 'mock', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 };
  // JSON is YAML.
  const provider = {
    id: 'lab',
    kind: 'openai-compatible',
    baseUrl: `http://127.0.0.1:${upstream}/v1`,
    allowPrivateAddress: true,
    models: [model],
  };
  writeFileSync(configuration, JSON.stringify({ providers: [provider] }));
  const alias = {
    name: 'mock',
    version: 1,
    targets: [{ target: 'lab/mock', weight: 1 }],
    fallbacks: [],
    reason: '',
    actor: '',
    createdAt: '2026-01-01T00:00:00.000Z',
    deleted: false,
  };
  writeSnapshot(join(home, 'snapshots'), { ...emptySnapshot('default'), sequence: 1, aliases: { mock: alias } });
  const env = {
    STILLHOUSE_HOME: home,
    STILLHOUSE_CONFIG: configuration,
    STILLHOUSE_PORT: String(port),
    STILLHOUSE_ADMIN_KEY: KEY,
    STILLHOUSE_GATEWAY_PROCESSES: String(processes),
    CLICKHOUSE_URL: clickhouseUrl,
    TEMPORAL_ADDRESS: '127.0.0.1:9',
  };
  const child = start('../gateway/main.ts', [], { core, env, log: join(folder, `${name}.log`) });
  await ready(port, '/readyz');
  const settle = async () => {
    while (!(await shipped(port, processes))) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  return { name, port, pid: child.pid!, processes, stop: () => stop(child), settle };
}

/** The upstream that both ask. */
export async function startUpstream(folder: string, core: number): Promise<Server> {
  const port = await freePort();
  const child = start('./gateway-upstream.ts', [String(port)], { core, log: join(folder, 'upstream.log') });
  await ready(port, '/', 'POST');
  return { name: 'direct', port, pid: child.pid!, stop: () => stop(child), settle: () => Promise.resolve() };
}

/** One whose streams are paced. */
export async function startPacedUpstream(
  folder: string,
  core: number,
  { frames, everyMs }: { frames: number; everyMs: number },
): Promise<Server> {
  const port = await freePort();
  const args = [String(port), String(frames), String(everyMs)];
  const child = start('./gateway-paced-upstream.ts', args, { core, log: join(folder, 'paced.log') });
  await ready(port, '/', 'POST');
  return { name: 'direct', port, pid: child.pid!, stop: () => stop(child), settle: () => Promise.resolve() };
}

/** Whether no process has anything left to ship. */
async function shipped(port: number, processes: number): Promise<boolean> {
  try {
    // A connection of its own: while a load runs nothing here looks after pooled ones.
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
    const left = [...(await answer.text()).matchAll(/^stillhouse_spool_segments(?:\{.*\})? (\d+)$/gm)].map(([, count]) => Number(count));
    return left.length === processes && left.every((count) => count === 0);
  } catch {
    return false;
  }
}

/** Waits until it answers. */
export async function ready(port: number, path: string, method = 'GET', withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      await answer.arrayBuffer();
      if (answer.ok) return;
    } catch {
      // Not listening yet.
    }
    if (Date.now() > deadline) throw new Error(`port ${port} did not become ready; the logs say why`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
