import { readdirSync, readFileSync } from 'node:fs';
import { endGroup } from '../processes/process-group.ts';
import { linuxStat } from '../processes/process-identity.ts';
import { devServerData } from './dev-server.ts';

/**
 * Ends the development server that still runs on the folder's data, and tells whether there was one. Only for the holder
 * of `devServerLock`: nobody else then answers for it. Finds it on Linux only, where `/proc` says what runs.
 */
export async function endOrphanedDevServer(folder: string, graceMs: number): Promise<boolean> {
  if (process.platform !== 'linux') return false;
  const data = devServerData(folder);
  const orphans = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isServerOf(data, pid));
  await Promise.all(orphans.map((pid) => endGroup(pid, graceMs)));
  return orphans.length > 0;
}

/** A group's leader, as a supervisor starts them, whose arguments name the data. */
function isServerOf(data: string, pid: number): boolean {
  const words = argumentsOf(pid);
  return words.includes('start-dev') && words[words.indexOf('--db-filename') + 1] === data && linuxStat(pid)?.group === pid;
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    // It has ended meanwhile, or is another user's, which a supervisor of this home did not start.
    return [];
  }
}
