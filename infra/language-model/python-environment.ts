import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StillhouseError } from '../../contracts/errors.ts';
import { buildOnce, hashOfFiles } from '../preparations/build-once.ts';
import { freeBytes } from '../supervisor/preflight.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { preparationStep, stepOptions } from '../preparations/preparation-step.ts';
import { findPython } from '../preparations/python.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const INSTALLER = here('./installer.lock');
const PRODUCT = here('./requirements.lock');
const DEVELOPMENT = here('./requirements-dev.lock');

/** `product`: what the trainer runs on. `development`: with what its tests and benches need beside it. */
export type EnvironmentKind = 'product' | 'development';

/** Of the finished environment. The registry's torch for Linux is the CUDA build and brings NVIDIA's libraries. */
export const ENVIRONMENT_GB = process.platform === 'linux' ? 5.7 : 1.2;
/** Free space that building it asks for. */
export const ROOM_GB = ENVIRONMENT_GB + 1;
const DOWNLOAD_GB = process.platform === 'linux' ? 3.2 : 0.4;

/** Where the trainer's Python environment (`bin/python`) lies once it is built: the locks that it is built from name the folder. */
export function environmentFolder(cacheFolder: string, kind: EnvironmentKind = 'product'): string {
  return join(cacheFolder, `${kind === 'product' ? 'trainer' : 'trainer-development'}-${hashOfFiles([INSTALLER, ...locksOf(kind)])}`);
}

/**
 * Builds the environment unless the cache has it, and returns its folder. Programs in it are called as
 * `bin/python -m …`: the folder gets its name when it is whole, and scripts in `bin/` would point to the one before.
 */
export async function ensureEnvironment(
  context: PreparationContext,
  env: NodeJS.ProcessEnv,
  kind: EnvironmentKind = 'product',
): Promise<string> {
  const folder = environmentFolder(context.cacheFolder, kind);
  // The Python that it was made by may be gone since: then its link leads nowhere.
  if (existsSync(folder) && !existsSync(pythonOf(folder))) rmSync(folder, { recursive: true, force: true });
  await buildOnce({
    folder,
    build: (unfinished) => build(unfinished, kind, context, env),
    onWait: () => context.progress('another start builds the trainer, waiting for it'),
    ...(context.signal ? { signal: context.signal } : {}),
  });
  return folder;
}

/** The environment's Python. */
export function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

function locksOf(kind: EnvironmentKind): string[] {
  return kind === 'product' ? [PRODUCT] : [PRODUCT, DEVELOPMENT];
}

async function build(unfinished: string, kind: EnvironmentKind, context: PreparationContext, env: NodeJS.ProcessEnv): Promise<void> {
  const python = await findPython(env, 'train language-model students');
  checkRoom(context.cacheFolder);
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
    'uv, which installs the trainer, could not be installed',
    options,
  );
  const cuda = process.platform === 'linux' ? ", NVIDIA's libraries among them" : '';
  context.say(
    `downloads about ${DOWNLOAD_GB} GB of Python packages (PyTorch${cuda}), ${ENVIRONMENT_GB} GB on the disk; once, and not again while uv's cache has them`,
  );
  await install(unfinished, installer, kind, context, env);
  rmSync(installer, { recursive: true, force: true });
}

async function install(
  unfinished: string,
  installer: string,
  kind: EnvironmentKind,
  context: PreparationContext,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const sources = locksOf(kind).flatMap((lock) => ['-r', lock]);
  const args = ['-m', 'uv', 'pip', 'install', '--python', pythonOf(unfinished), '--no-deps', '--no-build', '--require-hashes', ...sources];
  const under = new Set<string>();
  let done = 0;
  await preparationStep([pythonOf(installer), ...args], 'The packages of the trainer could not be installed', {
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

function checkRoom(cacheFolder: string): void {
  const gigabytes = freeBytes(cacheFolder) / 1e9;
  if (gigabytes >= ROOM_GB) return;
  throw new StillhouseError(
    'unavailable',
    `The disk of ${cacheFolder} has ${gigabytes.toFixed(1)} GB free, and training language-model students takes ${ROOM_GB} GB: free some or set STILLHOUSE_CACHE to a folder on another disk.`,
  );
}
