import { fileURLToPath } from 'node:url';
import { StillhouseError } from '../../contracts/errors.ts';
import { ensureLockedEnvironment, type LockedEnvironment, lockedEnvironmentFolder } from '../preparations/locked-environment.ts';
import type { PreparationContext } from '../preparations/preparation.ts';
import { freeBytes } from '../supervisor/preflight.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const PRODUCT = here('./requirements.lock');
const DEVELOPMENT = here('./requirements-dev.lock');

/** `product`: what the trainer runs on. `development`: with what its tests and benches need beside it. */
export type EnvironmentKind = 'product' | 'development';

/** Of the finished environment. The registry's torch for Linux is the CUDA build and brings NVIDIA's libraries. */
export const ENVIRONMENT_GB = process.platform === 'linux' ? 5.7 : 1.2;
/** Free space that building it asks for. */
export const ROOM_GB = ENVIRONMENT_GB + 1;
const DOWNLOAD_GB = process.platform === 'linux' ? 3.2 : 0.4;
const CUDA = process.platform === 'linux' ? ", NVIDIA's libraries among them" : '';

/** Where the trainer's Python environment (`bin/python`) lies once it is built: the locks that it is built from name the folder. */
export function environmentFolder(cacheFolder: string, kind: EnvironmentKind = 'product'): string {
  return lockedEnvironmentFolder(cacheFolder, environmentOf(kind));
}

/** Builds the trainer's environment unless the cache has it, and returns its folder. */
export async function ensureEnvironment(
  context: PreparationContext,
  env: NodeJS.ProcessEnv,
  kind: EnvironmentKind = 'product',
): Promise<string> {
  return ensureLockedEnvironment(environmentOf(kind), context, env, () => checkRoom(context.cacheFolder));
}

function environmentOf(kind: EnvironmentKind): LockedEnvironment {
  return {
    name: kind === 'product' ? 'trainer' : 'trainer-development',
    locks: kind === 'product' ? [PRODUCT] : [PRODUCT, DEVELOPMENT],
    owner: 'the trainer',
    purpose: 'train language-model students',
    announcement: `downloads about ${DOWNLOAD_GB} GB of Python packages (PyTorch${CUDA}), ${ENVIRONMENT_GB} GB on the disk; once, and not again while uv's cache has them`,
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
