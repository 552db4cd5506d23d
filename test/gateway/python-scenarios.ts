import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { ensureLockedEnvironment, pythonOf } from '../../infra/preparations/locked-environment.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { cacheFolder } from '../../platform/home.ts';
import { progressOnConsole } from '../support/progress.ts';
import { ADMIN_KEY } from './gateway-process.ts';

const here = (name: string) => fileURLToPath(new URL(`./python/${name}`, import.meta.url));

/** The Python of an environment with the published clients of requirements.lock: built once, cached outside the repository. */
export async function pythonWithClients(): Promise<string> {
  const environment = {
    name: 'python-clients',
    locks: [here('requirements.lock')],
    owner: 'the tests of Python clients',
    purpose: 'test the gateway with Python clients',
    announcement: 'downloads about 85 MB of Python packages, 420 MB on the disk; once',
  };
  const context = { cacheFolder: cacheFolder(loadEnvironment()), ...progressOnConsole('Python clients') };
  // Compiled once: else each run would spend ten seconds on it.
  return pythonOf(await ensureLockedEnvironment(environment, context, { ...process.env, UV_COMPILE_BYTECODE: '1' }));
}

/** What each scenario of test/gateway/python returned; one that failed is its traceback. */
export type Scenarios = Map<string, { got: unknown } | { failed: string }>;

/** Runs all scenarios against the gateway at `url`, in one process. */
export async function runScenarios(python: string, url: string): Promise<Scenarios> {
  // Nothing of this machine's settings: no proxy, no other key or address.
  const env = {
    PATH: process.env['PATH'],
    HOME: homedir(),
    PYTHONDONTWRITEBYTECODE: '1',
    STILLHOUSE_TEST_GATEWAY: url,
    STILLHOUSE_TEST_KEY: ADMIN_KEY,
    // Its prices come with it: else it asks the internet for newer ones, and waits where there is none.
    LITELLM_LOCAL_MODEL_COST_MAP: 'True',
  };
  const child = spawn(python, [here('run.py')], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const complaints = text(child.stderr);
  const scenarios: Scenarios = new Map();
  for await (const line of createInterface({ input: child.stdout })) {
    const { scenario, ...outcome } = JSON.parse(line) as { scenario: string } & ({ got: unknown } | { failed: string });
    scenarios.set(scenario, outcome);
  }
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`Python ended with ${code} after ${scenarios.size} scenarios:\n${await complaints}`);
  return scenarios;
}
