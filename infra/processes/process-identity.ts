import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * When the process started, as a text that no later process with the same id can have; null where there is none such.
 * A pid alone says nothing once its process has ended: the number is given to another.
 */
export function processIdentity(pid: number): string | null {
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
}

function linuxIdentity(pid: number): string | null {
  const stat = linuxStat(pid);
  return stat === null || stat.state === 'Z' ? null : `${bootId()}:${stat.startTicks}`;
}

/** What `/proc` says of a process; null where there is none such. */
export function linuxStat(pid: number): { state: string; group: number; startTicks: string } | null {
  return statOf(`/proc/${pid}/stat`);
}

/** States of the process's threads (`R`, `S`, `T`, …). */
export function threadStates(pid: number): string[] {
  return threadsOf(pid).flatMap((thread) => statOf(`/proc/${pid}/task/${thread}/stat`)?.state ?? []);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
    return [];
  }
}

function statOf(path: string): { state: string; group: number; startTicks: string } | null {
  let stat: string;
  try {
    stat = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH') return null;
    throw error;
  }
  // The second field is the program's name in parentheses and may hold anything; then come state (3), parent (4), group (5).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0]!, group: Number(fields[2]), startTicks: fields[19]! };
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function psIdentity(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch (error) {
    // ps ends with 1 where there is no such process.
    if ((error as { status?: number }).status === 1) return null;
    throw error;
  }
}
