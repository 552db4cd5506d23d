import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Configuration } from '../../contracts/configuration.ts';
import type { Environment } from '../../contracts/environment.ts';
import { holderOf, tryExclusiveLock } from '../../platform/exclusive-lock.ts';
import { homePaths } from '../../platform/home.ts';
import { portHolder } from '../processes/port-holder.ts';
import { isPortFree } from '../processes/ports.ts';
import { checkDisk, checkHome, freeBytes } from '../supervisor/preflight.ts';
import { chooseAddresses, stackPorts } from '../supervisor/stack-addresses.ts';
import { isDevServerReady } from '../temporal/dev-server.ts';
import { providersOf } from './effective-values.ts';
import { type Finding, found } from './finding.ts';

/** The home, the disk, the ports, and what is said to be external. */
export async function homeFindings(env: Environment): Promise<Finding[]> {
  const paths = homePaths(env);
  const home = await found('home', 'problem', () => (checkHome(paths.home), paths.home));
  if (home.status !== 'ok') return [home];
  const disk = await found('disk', 'problem', () => (checkDisk(paths.home), `${(freeBytes(paths.home) / 1e9).toFixed(0)} GB free`));
  const running = runningStack(paths.lock);
  const stack: Finding = { name: 'stack', status: 'ok', text: running ? `runs: ${running}` : 'does not run' };
  // A running stack holds its ports itself.
  return [home, disk, stack, ...(running ? [] : await portFindings(env)), ...(await externalFindings(env))];
}

/** The configuration's providers: a key that is not set is a warning, for calls to it fail. */
export function providerFindings(configuration: Configuration, path: string, inherited: NodeJS.ProcessEnv): Finding[] {
  const providers = providersOf(configuration, inherited);
  if (providers.length === 0) return [{ name: 'providers', status: 'warning', text: withoutProviders(path) }];
  return providers.map(({ id, key, models, baseUrl }) => {
    const name = `provider ${id}`;
    if (key && !key.set) return { name, status: 'warning', text: `${key.variable} is not set: calls to it are refused` };
    return {
      name,
      status: 'ok',
      text: `${baseUrl}, ${models.length} model${models.length === 1 ? '' : 's'}${key ? `, key from ${key.variable}` : ''}`,
    };
  });
}

/** Who is called, for the start of a stack: ids, and what each lacks. */
export function providersInWords(configuration: Configuration, path: string, inherited: NodeJS.ProcessEnv): string {
  const providers = providersOf(configuration, inherited);
  if (providers.length === 0) return withoutProviders(path);
  return providers.map(({ id, key }) => (key && !key.set ? `${id} (${key.variable} is not set)` : id)).join(', ');
}

/** Why there is no provider: the file is missing or names none. */
function withoutProviders(path: string): string {
  const file = resolve(path);
  const example = 'name one (see stillhouse.example.yaml)';
  return existsSync(file)
    ? `none is configured: ${example} in ${file}`
    : `none is configured, for there is no file ${file}: ${example} there`;
}

function runningStack(path: string): string | null {
  const lock = tryExclusiveLock(path, 'the doctor');
  lock?.release();
  return lock ? null : holderOf(path);
}

async function portFindings(env: Environment): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { part, port, host, variable } of stackPorts(await chooseAddresses(env))) {
    const free = await isPortFree(port, host);
    const name = `port ${port}`;
    if (free) findings.push({ name, status: 'ok', text: `free, for ${part}` });
    else findings.push({ name, status: 'problem', text: `taken by ${await portHolder(port)}: stop that, or set ${variable}` });
  }
  return findings;
}

async function externalFindings(env: Environment): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (env.CLICKHOUSE_URL) {
    const url = new URL('/ping', env.CLICKHOUSE_URL);
    findings.push(await found('clickhouse', 'warning', () => ping(url)));
  }
  const address = env.TEMPORAL_ADDRESS;
  if (address) {
    const answers = await isDevServerReady(address);
    const text = answers
      ? `${address} answers`
      : `${address} does not answer without TLS and a key: see TEMPORAL_TLS and TEMPORAL_API_KEY, or whether it runs`;
    findings.push({ name: 'temporal', status: answers ? 'ok' : 'warning', text });
  }
  return findings;
}

async function ping(url: URL): Promise<string> {
  const bare = new URL(url.pathname, `${url.protocol}//${url.host}`);
  try {
    const response = await fetch(bare, { signal: AbortSignal.timeout(3_000) });
    if (response.ok) return `${bare.host} answers`;
    throw new Error(`HTTP ${response.status}`);
  } catch (error) {
    throw new Error(`${bare.host} does not answer (${(error as Error).message}): start it, or unset CLICKHOUSE_URL for the embedded one`, {
      cause: error,
    });
  }
}
