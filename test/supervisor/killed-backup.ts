/**
 * `node killed-backup.ts backup|restore <place> <point>`: the program of backups, which ends by SIGKILL at one point.
 * `paused` is the moment at which everything stands still (`who`: it goes on, and prints the parts that stand still then; `replaced`:
 * the first time, a worker is killed then and another one started); every other point is a file or folder (`|`: one of several) that is there.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Part } from '../../contracts/names.ts';
import { restoreBackup } from '../../infra/backup/restore-backup.ts';
import { takeBackup } from '../../infra/backup/take-backup.ts';
import { runningChildren } from '../../infra/processes/child-ledger.ts';
import { areStopped } from '../../infra/processes/process-group.ts';
import { linuxStat } from '../../infra/processes/process-identity.ts';
import { loadEnvironment } from '../../platform/environment.ts';
import { homePaths } from '../../platform/home.ts';

const [command, place, point] = process.argv.slice(2) as [string, string, string];
const die = () => process.kill(process.pid, 'SIGKILL');
const look = () => {
  if (point.split('|').some((path) => existsSync(path))) die();
  setImmediate(look);
};
if (!['paused', 'who', 'replaced'].includes(point)) look();
const env = loadEnvironment();
const { signal } = new AbortController();
let replaced = false;
const now = () => {
  if (point === 'paused') die();
  if (point === 'replaced' && !replaced) replaceWorker();
  if (point === 'who' || point === 'replaced') console.log(JSON.stringify(standingStill()));
  return Date.now();
};

/** Synchronous, as all that is done while everything stands still. */
function replaceWorker(): void {
  replaced = true;
  const worker = () => runningChildren(homePaths(env).children, () => undefined).find(({ name }) => name === 'worker')?.pid;
  const first = worker()!;
  process.kill(first, 'SIGKILL');
  // Looked at once a turn: between two looks the first may have gone, and the other not yet come.
  for (let now = worker(); now === undefined || now === first; now = worker())
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
}

function standingStill(): string[] {
  const parts = JSON.parse(readFileSync(homePaths(env).parts, 'utf8')) as Part[];
  // One that is gone and not yet replaced in that file runs no more, either.
  const isThere = (pid: number) => linuxStat(pid)?.state === 'T';
  return parts.filter(({ pid }) => pid !== null && isThere(pid) && areStopped([pid])).map(({ name }) => name);
}

if (command === 'backup') await takeBackup({ env, to: place, now, say: () => undefined, signal });
else await restoreBackup({ env, from: place, signal });
