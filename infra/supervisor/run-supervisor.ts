import { join, relative } from 'node:path';
import { isStillhouseError } from '../../contracts/errors.ts';
import type { Environment } from '../../contracts/environment.ts';
import { loadConfiguration } from '../../platform/configuration.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';
import { providersInWords } from '../diagnosis/home-checks.ts';
import { type Stack, startStack } from './stack.ts';
import type { Programs } from './stack-parts.ts';
import { createTerminal } from './terminal.ts';

/** npm passes a Ctrl-C on that the terminal has sent to this process too: what follows within this time is the same one. */
const SAME_PRESS_MS = 1_000;

/** Starts the stack, says where things are, and stops it on Ctrl-C; a second Ctrl-C kills. Sets the exit code. */
export async function runSupervisor(inherited: NodeJS.ProcessEnv, programs?: Programs): Promise<void> {
  const terminal = createTerminal({
    write: (text) => void process.stdout.write(text),
    interactive: process.stdout.isTTY && !inherited['NO_COLOR'],
    columns: process.stdout.columns ?? 80,
  });
  const asked = new AbortController();
  let askedAt = 0;
  const onSignal = () => {
    if (asked.signal.aborted) {
      // The stack's own exit handler kills what is left.
      if (performance.now() - askedAt > SAME_PRESS_MS) process.exit(130);
      return;
    }
    askedAt = performance.now();
    terminal.line('\nStopping (Ctrl-C again kills at once)');
    asked.abort(new Error('stopped'));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  try {
    const began = performance.now();
    const env = loadEnvironment();
    const stack = await startStack({ env, inherited, reporter: terminal, signal: asked.signal, ...(programs && { programs }) });
    const providers = providersInWords(loadConfiguration(env.STILLHOUSE_CONFIG), env.STILLHOUSE_CONFIG, inherited);
    for (const line of whereThingsAre(env, stack, providers, (performance.now() - began) / 1000)) terminal.line(line);
    if (!asked.signal.aborted) await new Promise((done) => asked.signal.addEventListener('abort', done, { once: true }));
    await stack.stop();
  } catch (error) {
    if (!asked.signal.aborted) {
      terminal.end();
      console.error(isStillhouseError(error) ? error.message : error);
      process.exitCode = 1;
    }
  }
  terminal.end();
  if (asked.signal.aborted) terminal.line(`Stopped after ${((performance.now() - askedAt) / 1000).toFixed(1)} s`);
  // A preparation that hangs on the network must not hold the process.
  process.exit();
}

function whereThingsAre(env: Environment, { addresses }: Stack, providers: string, seconds: number): string[] {
  const paths = homePaths(env);
  const near = (path: string) => (relative('.', path).startsWith('..') ? path : relative('.', path));
  const rows: [string, string][] = [
    ['Gateway', `${addresses.gateway.url}/v1`],
    ['Console', `${addresses.gateway.url}/`],
    ['Providers', providers],
    ['Admin key', env.STILLHOUSE_ADMIN_KEY ? 'as set in STILLHOUSE_ADMIN_KEY' : near(paths.adminKey)],
    ['Temporal UI', addresses.temporal?.uiUrl ?? env.STILLHOUSE_TEMPORAL_UI ?? `of ${env.TEMPORAL_ADDRESS}`],
    ['Logs', join(near(paths.logs), '<part>.log')],
  ];
  return [
    '',
    `Stillhouse runs (${seconds.toFixed(1)} s). Ctrl-C stops it.`,
    ...rows.map(([name, value]) => `  ${name.padEnd(12)} ${value}`),
  ];
}
