import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { type KeptFileOptions, keepFile } from './kept-file.ts';
import { endGroup, signalGroup } from './process-group.ts';
import { processIdentity } from './process-identity.ts';

/** A process group that this home's supervisor started. */
const ledgerEntry = z.object({
  name: z.string(),
  /** Leader of the group, so also the group's id; to signal group 1 or below would be to signal everything. */
  pid: z.int().min(2),
  /** See `processIdentity`. */
  identity: z.string().min(1),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

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

/**
 * Ends what the supervisor before this one left running, and returns the names. A file that can't be understood tells of
 * nobody: that is said by `onTrouble`, and keeps nobody from starting.
 */
export async function endLeftBehind(path: string, graceMs: number, onTrouble: (text: string) => void): Promise<string[]> {
  const left = runningChildren(path, onTrouble);
  await Promise.all(left.map((entry) => endGroup(entry.pid, graceMs)));
  return left.map((entry) => entry.name);
}

/** Who of a ledger runs. Anybody may ask: what the ledger's supervisor starts and ends is in it before it does anything. */
export function runningChildren(path: string, onTrouble: (text: string) => void): LedgerEntry[] {
  return read(path, onTrouble).filter(isStillThere);
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

function read(path: string, onTrouble: (text: string) => void): LedgerEntry[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // No file at the first start.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  try {
    return z.array(ledgerEntry).parse(JSON.parse(text));
  } catch {
    // The file is replaced by rename without fsync: a power cut, a full disk or a hand may still leave anything in it.
    onTrouble(`${path} is damaged, so what the last supervisor left running is not known: goes on without it`);
    return [];
  }
}
