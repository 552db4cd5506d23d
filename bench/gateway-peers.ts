/** The gateways that ours is compared with, tracing off: installed once into the user's cache, none of them a dependency. */
import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../platform/home.ts';
import type { Environment } from '../contracts/environment.ts';
import { freePort, KEY, ready, type Server, spawnServer, stop } from './gateway-servers.ts';

const PORTKEY = '1.15.2';
const LITELLM = '1.108.7';

/** A peer, and what it wants in a call beside the key. */
export interface Peer extends Server {
  headers: Record<string, string>;
}

/** Portkey's open-source gateway, by its own build. */
export async function startPortkey(env: Environment, upstream: number, folder: string, core: number): Promise<Peer> {
  const place = installed(env, `bench-portkey-${PORTKEY}`, (at) => {
    execFileSync('npm', ['install', '--prefix', at, `@portkey-ai/gateway@${PORTKEY}`, '--no-audit', '--no-fund', '--ignore-scripts'], {
      stdio: 'ignore',
    });
  });
  const port = await freePort();
  const program = join(place, 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const child = spawnServer([process.execPath, program, '--headless', `--port=${port}`], {
    core,
    log: join(folder, 'portkey.log'),
    env: { NODE_ENV: 'production' },
  });
  await ready(port, '/');
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `http://127.0.0.1:${upstream}/v1` };
  return { name: 'portkey', port, pid: child.pid!, headers, stop: () => stop(child), settle: () => Promise.resolve() };
}

/** LiteLLM's proxy with one worker, as it is installed. */
export async function startLitellm(env: Environment, upstream: number, folder: string, core: number): Promise<Peer> {
  const place = installed(env, `bench-litellm-${LITELLM}`, (at) => {
    execFileSync('python3', ['-m', 'venv', at], { stdio: 'ignore' });
    execFileSync(join(at, 'bin/python'), ['-m', 'pip', 'install', '-q', `litellm[proxy]==${LITELLM}`], { stdio: 'ignore' });
  });
  const port = await freePort();
  const model = { model: 'openai/mock', api_base: `http://127.0.0.1:${upstream}/v1`, api_key: 'sk-upstream' };
  const configuration = join(folder, 'litellm.yaml');
  // JSON is YAML.
  writeFileSync(
    configuration,
    JSON.stringify({ model_list: [{ model_name: 'mock', litellm_params: model }], litellm_settings: { telemetry: false } }),
  );
  const args = ['--config', configuration, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '1'];
  const child = spawnServer([join(place, 'bin/python'), join(place, 'bin/litellm'), ...args], {
    core,
    log: join(folder, 'litellm.log'),
    env: { LITELLM_LOG: 'ERROR', LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_MASTER_KEY: KEY },
  });
  // Its imports take their time.
  await ready(port, '/health/liveliness', 'GET', 180_000);
  return { name: 'litellm', port, pid: child.pid!, headers: {}, stop: () => stop(child), settle: () => Promise.resolve() };
}

function installed(env: Environment, name: string, install: (at: string) => void): string {
  const place = join(cacheFolder(env), name);
  if (existsSync(join(place, '.whole'))) return place;
  console.log(`installing ${name}, once`);
  // A venv's scripts know their own path, so that it is made where it stays; a mark says that it is whole.
  const mark = `${place}.unfinished`;
  rmSync(place, { recursive: true, force: true });
  writeFileSync(mark, '');
  install(place);
  renameSync(mark, join(place, '.whole'));
  return place;
}
