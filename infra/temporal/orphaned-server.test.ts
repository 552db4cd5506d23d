import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { devServerArguments } from './dev-server.ts';
import { endOrphanedDevServer } from './orphaned-server.ts';

const folderOf = (name: string) => join(mkdtempSync(join(tmpdir(), 'stillhouse-orphan-')), name);

/** A process with a server's arguments. */
async function server(folder: string): Promise<ChildProcess> {
  const given = devServerArguments({ folder, port: 1, uiPort: 2 });
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', ...given], { detached: true, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'spawn');
  return child;
}

test.runIf(process.platform === 'linux')('the server on the data is ended, one on other data is not', async () => {
  const folder = folderOf('temporal');
  const mine = await server(folder);
  const other = await server(folderOf('temporal'));
  const ended = once(mine, 'exit');
  expect(await endOrphanedDevServer(folder, 5_000)).toBe(true);
  await ended;
  expect(other.exitCode ?? other.signalCode).toBeNull();
  expect(await endOrphanedDevServer(folder, 5_000)).toBe(false);
});
