import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../processes/run-command.ts';
import { waitForLock } from './build-once.ts';
import type { PreparationContext } from './preparation.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCES = ['clients/console', 'clients/sdk', 'contracts'];

/** Builds the console's files unless those that are there were built from the sources as they are. A console that can't be built stops nothing. */
export async function ensureConsole(context: PreparationContext, env: NodeJS.ProcessEnv, root = ROOT): Promise<string> {
  const folder = join(root, 'clients/console');
  // A packed copy has the built files only, and nothing to build them with.
  if (!existsSync(join(folder, 'vite.config.ts')) || !existsSync(viteOf(root))) return 'as packed';
  const onWait = () => context.progress('another start builds it, waiting');
  const lock = await waitForLock(join(root, 'node_modules', '.stillhouse-console.lock'), onWait, context.signal);
  try {
    return await build(root, context, env);
  } finally {
    lock.release();
  }
}

async function build(root: string, context: PreparationContext, env: NodeJS.ProcessEnv): Promise<string> {
  const folder = join(root, 'clients/console');
  const dist = join(folder, 'dist');
  const stamp = join(dist, '.sources');
  const hash = hashOfSources(root);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return 'up to date';
  context.progress('building');
  // Beside the old one, which gateways may be serving now; then it takes its place.
  const fresh = join(folder, 'dist.new');
  const { code, tail } = await runCommand(process.execPath, [viteOf(root), 'build', folder, '--outDir', fresh, '--logLevel', 'warn'], {
    cwd: root,
    env: { ...env, NODE_ENV: 'production' },
    nice: true,
    ...(context.signal && { signal: context.signal }),
    ...(context.ledger && { ledger: context.ledger }),
  });
  if (code !== 0) return `could not be built: ${tail.find((line) => /error/i.test(line)) ?? tail.at(-1) ?? 'no reason given'}`;
  writeFileSync(join(fresh, '.sources'), hash);
  rmSync(dist, { recursive: true, force: true });
  renameSync(fresh, dist);
  return 'built';
}

const viteOf = (root: string) => join(root, 'node_modules/vite/bin/vite.js');

function hashOfSources(root: string): string {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const entry of readdirSync(join(root, source), { recursive: true, withFileTypes: true }).toSorted(byPath)) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isFile() || /[\\/](dist|dist\.new|node_modules)[\\/]/.test(path)) continue;
      hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  }
  return hash.digest('hex');
}

function byPath(a: { parentPath: string; name: string }, b: { parentPath: string; name: string }): number {
  return join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1;
}
