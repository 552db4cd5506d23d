import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { z } from 'zod';
import type { Student } from '../../contracts/distil.ts';
import type { AliasCache, AliasHedge, WeightedTarget } from '../../contracts/aliases.ts';
import { Privacy } from '../../contracts/privacy.ts';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import { writeSnapshot } from '../../gateway/aliases/snapshot-file.ts';

export const ADMIN_KEY = 'sk-test-admin';
export const SERVICE_KEY = 'sk-test-service';
const PROGRAM = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));

/** The real program in a process and a home of its own. */
export interface GatewayProcess {
  home: string;
  url: string;
  pid: number;
  /** SIGKILL, and waits for the end; the home stays. */
  kill(): Promise<void>;
  /** Starts again on the same home, on another port. */
  restart(): Promise<void>;
  /** SIGTERM: its exit code. */
  stop(): Promise<number | null>;
  /** Ends it and removes the home. */
  dispose(): Promise<void>;
  post(body: object, headers?: Record<string, string>, path?: string): Promise<Response>;
  /** All that it has logged, before a restart too. */
  output(): string;
}

export interface GatewayProcessOptions {
  clickhouseUrl: string;
  /** Providers of `stillhouse.yaml`. */
  providers: object[];
  limits?: object;
  aliases?: Record<string, { targets: WeightedTarget[]; fallbacks?: string[]; cache?: AliasCache; hedge?: AliasHedge }>;
  students?: Record<string, Student>;
  /** What of the project's calls is stored. */
  privacy?: z.input<typeof Privacy>;
  /** Projects that there are besides the default one. */
  projects?: readonly string[];
  env?: Record<string, string>;
  /** Nothing lies on its disk: the registry is the one that its environment leads to. */
  fresh?: boolean;
}

/** A provider entry for an upstream of a test. */
export function labProvider(url: string, extra: object = {}): object {
  return {
    id: 'lab',
    kind: 'openai-compatible',
    baseUrl: `${url}/v1`,
    allowPrivateAddress: true,
    models: [{ id: 'test', inputUsdPerMTok: 2.5, outputUsdPerMTok: 10 }],
    ...extra,
  };
}

/** Starts it with a snapshot on disk, so that it needs no Temporal; ready when it returns, unless it is fresh. */
export async function startGatewayProcess(options: GatewayProcessOptions): Promise<GatewayProcess> {
  const home = mkdtempSync(join(tmpdir(), 'stillhouse-gateway-'));
  const configuration = join(home, 'stillhouse.yaml');
  // JSON is YAML.
  writeFileSync(configuration, JSON.stringify({ providers: options.providers, ...(options.limits ? { limits: options.limits } : {}) }));
  const aliases = Object.entries(options.aliases ?? {}).map(([name, { targets, fallbacks = [], cache, hedge }]) => [
    name,
    {
      name,
      version: 1,
      targets,
      fallbacks,
      ...(cache ? { cache } : {}),
      ...(hedge ? { hedge } : {}),
      reason: '',
      actor: '',
      createdAt: '2026-01-01T00:00:00.000Z',
      deleted: false,
    },
  ]);
  const privacy = options.privacy ? Privacy.parse(options.privacy) : null;
  const snapshot = {
    ...emptySnapshot('default'),
    sequence: 1,
    aliases: Object.fromEntries(aliases),
    students: options.students ?? {},
    privacy,
  };
  if (!options.fresh) writeSnapshot(join(home, 'snapshots'), snapshot);
  for (const project of options.projects ?? []) writeSnapshot(join(home, 'snapshots'), { ...emptySnapshot(project), sequence: 1 });
  const env = {
    ...process.env,
    STILLHOUSE_HOME: home,
    STILLHOUSE_CONFIG: configuration,
    STILLHOUSE_PORT: '0',
    STILLHOUSE_ADMIN_KEY: ADMIN_KEY,
    STILLHOUSE_SERVICE_KEY: SERVICE_KEY,
    STILLHOUSE_EMBEDDER: '',
    CLICKHOUSE_URL: options.clickhouseUrl,
    // Nobody listens there: the data plane needs no Temporal.
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    STILLHOUSE_SUPERVISED: '1',
    ...options.env,
  };
  let output = '';
  const log = (text: string) => (output += text);
  let { child, url } = await spawnGateway(env, log);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  };
  return {
    home,
    get url() {
      return url;
    },
    get pid() {
      return child.pid!;
    },
    kill: async () => void (await end('SIGKILL')),
    async restart() {
      ({ child, url } = await spawnGateway(env, log));
    },
    stop: () => end('SIGTERM'),
    async dispose() {
      await end('SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
    post: (body, headers = {}, path = '/v1/chat/completions') =>
      fetch(`${url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    output: () => output,
  };
}

async function spawnGateway(env: NodeJS.ProcessEnv, log: (text: string) => void): Promise<{ child: ChildProcess; url: string }> {
  // Its stdin is held open: it ends when the test's process does, however that ends.
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  child.stderr!.on('data', (bytes: Buffer) => {
    output += bytes.toString();
    log(bytes.toString());
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      log(bytes.toString());
      const found = /"address":"([^"]+)"/.exec(output)?.[1];
      if (found) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}:\n${output}`)));
  });
  return { child, url };
}
