import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** The process and what it has forked, as far as it lives. */
function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(processesOf)];
}

/** CPU seconds that a process and its children have used, all their threads, in user and kernel mode. */
export function cpuSeconds(pid: number): number {
  return processesOf(pid).reduce((sum, one) => sum + cpuSecondsOf(one), 0);
}

/** Resident memory of a process and its children, in MB. */
export function residentMb(pid: number): number {
  const kbs = processesOf(pid).map((one) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1]));
  return Math.round(kbs.reduce((a, b) => a + b, 0) / 1024);
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold anything; what counts comes behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
