import { readFileSync } from 'node:fs';
import { type KeptFileOptions, keepFile } from './kept-file.ts';
import { endGroup, signalGroup } from './process-group.ts';
import { processIdentity } from './process-identity.ts';

/** A process group that this home's supervisor started. */
interface LedgerEntry {
  name: string;
  /** Leader of the group, so also the group's id. */
  pid: number;
  /** See `processIdentity`. */
  identity: string;
}

/** Who was started and not yet seen to end, on disk, for the supervisor after the one that was killed. */
export interface ChildLedger {
  add(name: string, pid: number): void;
  remove(pid: number): void;
  /** Ends at once, without a grace, everything that is in it. */
  killAll(): void;
}

/** A ledger at `path` that starts empty: call `endLeftBehind` first. */
export function openChildLedger(path: string, options: KeptFileOptions): ChildLedger {
  const entries = new Map<number, LedgerEntry>();
  const write = keepFile(path, () => `${JSON.stringify([...entries.values()], null, 2)}\n`, options);
  return {
    add(name, pid) {
      const identity = processIdentity(pid);
      // Ended already: its exit event is on the way, and remove() finds nothing.
      if (identity === null) return;
      entries.set(pid, { name, pid, identity });
      write();
    },
    remove(pid) {
      if (entries.delete(pid)) write();
    },
    killAll() {
      for (const pid of entries.keys()) signalGroup(pid, 'SIGKILL');
    },
  };
}

/** Ends what the supervisor before this one left running, and returns the names. */
export async function endLeftBehind(path: string, graceMs: number): Promise<string[]> {
  const left = read(path).filter(isStillThere);
  await Promise.all(left.map((entry) => endGroup(entry.pid, graceMs)));
  return left.map((entry) => entry.name);
}

function isStillThere(entry: LedgerEntry): boolean {
  const now = processIdentity(entry.pid);
  if (now !== null) return now === entry.identity;
  // The leader is gone, but a process that it started may live on in its group; the kernel gives no new process a
  // number that a living group bears. After a reboot no group is left of then, and the number may be anyone's.
  return sameBoot(entry) && signalGroup(entry.pid, 0);
}

function sameBoot(entry: LedgerEntry): boolean {
  return entry.identity.split(':')[0] === processIdentity(process.pid)?.split(':')[0];
}

function read(path: string): LedgerEntry[] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LedgerEntry[];
  } catch (error) {
    // No file at the first start; the file is replaced by rename, so half a file can't be.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
