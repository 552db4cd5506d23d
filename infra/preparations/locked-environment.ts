import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, hashOfFiles } from './build-once.ts';
import type { PreparationContext } from './preparation.ts';
import { preparationStep, stepOptions } from './preparation-step.ts';
import { findPython } from './python.ts';

const INSTALLER = fileURLToPath(new URL('./installer.lock', import.meta.url));

/** A Python environment that holds what lock files name, each package by its hash, and nothing else. */
export interface LockedEnvironment {
  /** Begins the folder's name in the cache; the locks' hash ends it. */
  name: string;
  locks: readonly string[];
  /** Whom it is for, as in "the trainer". */
  owner: string;
  /** What Python is needed for, as in "train language-model students". */
  purpose: string;
  /** Sizes, said before the download begins. */
  announcement: string;
}

/** Where an environment (`bin/python`) lies once it is built. */
export function lockedEnvironmentFolder(cacheFolder: string, { name, locks }: Pick<LockedEnvironment, 'name' | 'locks'>): string {
  return join(cacheFolder, `${name}-${hashOfFiles([INSTALLER, ...locks])}`);
}

/**
 * Builds the environment unless the cache has it, and returns its folder. Programs in it are called as
 * `bin/python -m …`: the folder gets its name when it is whole, and scripts in `bin/` would point to the one before.
 */
export async function ensureLockedEnvironment(
  environment: LockedEnvironment,
  context: PreparationContext,
  env: NodeJS.ProcessEnv,
  checkRoom: () => void = () => undefined,
): Promise<string> {
  const folder = lockedEnvironmentFolder(context.cacheFolder, environment);
  // The Python that it was made by may be gone since: then its link leads nowhere.
  if (existsSync(folder) && !existsSync(pythonOf(folder))) rmSync(folder, { recursive: true, force: true });
  await buildOnce({
    folder,
    build: (unfinished) => build(unfinished, environment, context, env, checkRoom),
    onWait: () => context.progress(`another start builds ${environment.owner}, waiting for it`),
    ...(context.signal ? { signal: context.signal } : {}),
  });
  return folder;
}

/** The environment's Python. */
export function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

async function build(
  unfinished: string,
  environment: LockedEnvironment,
  context: PreparationContext,
  env: NodeJS.ProcessEnv,
  checkRoom: () => void,
): Promise<void> {
  const python = await findPython(env, environment.purpose);
  checkRoom();
  const options = { ...stepOptions(context, env), nice: true };
  const installer = join(unfinished, 'installer');
  const venv = (folder: string) =>
    preparationStep([python.executable, '-m', 'venv', folder], 'Python could not make a virtual environment', options);
  context.progress('making a Python environment');
  await venv(installer);
  await venv(unfinished);
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--no-deps', '--only-binary', ':all:'];
  await preparationStep(
    [pythonOf(installer), ...pip, '--require-hashes', '-r', INSTALLER],
    `uv, which installs ${environment.owner}, could not be installed`,
    options,
  );
  context.say(environment.announcement);
  await install(unfinished, installer, environment, context, env);
  rmSync(installer, { recursive: true, force: true });
}

async function install(
  unfinished: string,
  installer: string,
  { locks, owner }: LockedEnvironment,
  context: PreparationContext,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const sources = locks.flatMap((lock) => ['-r', lock]);
  const args = ['-m', 'uv', 'pip', 'install', '--python', pythonOf(unfinished), '--no-deps', '--no-build', '--require-hashes', ...sources];
  const under = new Set<string>();
  let done = 0;
  await preparationStep([pythonOf(installer), ...args], `The packages of ${owner} could not be installed`, {
    ...stepOptions(context, installerEnvironment(env)),
    nice: true,
    onLine: (line) => {
      const [, verb, name] = /^\s*(Downloading|Downloaded) (\S+)/.exec(line) ?? [];
      if (!verb || !name) return;
      if (verb === 'Downloading') under.add(name);
      else if (under.delete(name)) done++;
      const last = [...under].at(-1);
      context.progress(`${done} of ${done + under.size} large packages fetched${last ? `, now ${last}` : ''}`);
    },
  });
}

/** uv does not read pip's settings: a registry and certificates that the person has set for pip are meant for this as well. */
function installerEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const index = env['UV_DEFAULT_INDEX'] ?? env['PIP_INDEX_URL'];
  const certificates = env['SSL_CERT_FILE'] ?? env['PIP_CERT'];
  return {
    ...env,
    UV_HTTP_TIMEOUT: env['UV_HTTP_TIMEOUT'] ?? '180',
    ...(index && { UV_DEFAULT_INDEX: index }),
    ...(certificates && { SSL_CERT_FILE: certificates }),
  };
}
