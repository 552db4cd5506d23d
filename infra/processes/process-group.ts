import { readdirSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { linuxStat, threadStates } from './process-identity.ts';

const LOOK_EVERY_MS = 25;

/** Sends the signal to every process of the group that `leader` began; false where none is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ESRCH') return false;
    // macOS answers EPERM for a group of zombies.
    if (code === 'EPERM' && process.platform === 'darwin') return false;
    throw error;
  }
}

/**
 * Ends the group: SIGTERM, up to `graceMs` for it to go by itself, then SIGKILL. Resolves when no process of it is
 * left, or, for one that even SIGKILL can't end (stuck in the kernel), two seconds later.
 */
export async function endGroup(leader: number, graceMs: number): Promise<void> {
  if (!signalGroup(leader, 'SIGTERM') || (await groupGone(leader, graceMs))) return;
  signalGroup(leader, 'SIGKILL');
  await groupGone(leader, 2_000);
}

/** Whether the group is gone within `timeoutMs`. */
export async function groupGone(leader: number, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (isGroupAlive(leader)) {
    if (performance.now() >= deadline) return false;
    await wait(LOOK_EVERY_MS);
  }
  return true;
}

/** Whether a process of the group still runs. */
export function isGroupAlive(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  if (process.platform !== 'linux') return true;
  const stat = linuxStat(leader);
  if (stat !== null && stat.state !== 'Z') return true;
  // A signal also reaches the dead that nobody has collected; in a container without an init they stay for ever.
  return livingMembers(new Set([leader])).length > 0;
}

/** Whether no thread of the groups runs any more: a SIGSTOP is sent at once and takes effect a little later. Linux only. */
export function areStopped(leaders: readonly number[]): boolean {
  return livingMembers(new Set(leaders)).every((pid) => threadStates(pid).every((state) => 'TtZX'.includes(state)));
}

function livingMembers(leaders: ReadonlySet<number>): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    const member = linuxStat(pid);
    return member !== null && leaders.has(member.group) && member.state !== 'Z';
  });
}
