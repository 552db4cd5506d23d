import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Overview } from '../../contracts/http.ts';
import type { TraceRow, TraceStart } from '../../contracts/traces.ts';
import type { Redaction } from '../../core/privacy/redaction.ts';
import type { Logger } from '../../platform/logger.ts';
import { adoptFolder } from './adoption.ts';
import { Shipper } from './shipper.ts';
import type { SegmentFile } from './segment-files.ts';
import type { TraceSink } from './shipment.ts';
import { claimNewFolder, claimOrphan, processFolders, removeFolder, type ClaimedFolder } from './spool-folders.ts';
import { Spool, type FsyncPolicy } from './spool.ts';

export interface TracerOptions {
  /** The home's spool folder, shared by all gateway processes on the machine. */
  spool: string;
  sink: TraceSink;
  fsync: FsyncPolicy;
  quotaBytes: number;
  /** What a project's settings make of what is stored; null: it is stored as it is. */
  redactionOf?: (project: string) => Redaction | null;
  log: Logger;
  now?: () => number;
  sealBytes?: number;
  sealAgeMs?: number;
  windowCoversMs?: number;
}

/** What happened since the process began, for `/metrics` and the log. */
export interface TracerCounters {
  /** Calls recorded. */
  rows: number;
  bodiesShed: number;
  rowsRejected: number;
}

/** Records calls: written to the spool before they are answered, brought to ClickHouse behind their backs. */
export interface Tracer {
  /** Before a provider is asked. Rejects with `unavailable` where it can't be written. */
  begin(start: TraceStart): Promise<void>;
  /** Before the answer ends. */
  end(row: TraceRow): Promise<void>;
  writable(): boolean;
  /** For what is written elsewhere of a project's calls; null: it is written as it is. */
  redactionOf(project: string): Redaction | null;
  stats(): Overview['spool'];
  counters(): TracerCounters;
  /** Takes over the spools of processes that are gone; the gateway does it at its start and now and then. */
  adopt(): void;
  /** Seals, ships for at most that long, lets go of the folder. What is left is the next process's. */
  close(graceMs: number): Promise<void>;
}

const SEAL_BYTES = 4 * 1024 * 1024;
const SEAL_AGE_MS = 1_000;
/** 100,000 blocks in ten minutes are 166 segments a second: far more than all gateways of one ClickHouse make. */
const WINDOW_COVERS_MS = 10 * 60_000;

/** Opens a spool of this process's own in the folder, and adopts what others left there. */
export function openTracer(options: TracerOptions): Tracer {
  const now = options.now ?? Date.now;
  const holder = `pid ${process.pid}`;
  let rows = 0;
  let rowsRejected = 0;
  mkdirSync(options.spool, { recursive: true, mode: 0o700 });
  const shipper = new Shipper({
    sink: options.sink,
    rejectedFolder: join(options.spool, 'rejected'),
    windowCoversMs: options.windowCoversMs ?? WINDOW_COVERS_MS,
    now,
    log: options.log,
    onRejected: (refused) => (rowsRejected += refused),
  });
  const own = claimNewFolder(options.spool, holder);
  const spool: Spool = new Spool({
    folder: own.path,
    fsync: options.fsync,
    sealBytes: options.sealBytes ?? SEAL_BYTES,
    sealAgeMs: options.sealAgeMs ?? SEAL_AGE_MS,
    overQuota: () => shipper.bytes + spool.openBytes > options.quotaBytes,
    onSealed: (segment) => shipper.enqueue(segment, false),
    now,
    log: options.log,
  });
  const adopted = new Set<ClaimedFolder>();
  const redactionOf = options.redactionOf ?? (() => null);
  return {
    redactionOf,
    begin: (start) => spool.begin(redactionOf(start.project)?.start(start) ?? start),
    end(row) {
      rows++;
      return spool.end(redactionOf(row.project)?.row(row) ?? row);
    },
    writable: () => spool.writable,
    stats: () => spoolStats(shipper, spool, now()),
    counters: () => ({ rows, bodiesShed: spool.bodiesShed, rowsRejected }),
    adopt: () => adoptOrphans(options, shipper, holder, adopted),
    async close(graceMs) {
      spool.close();
      await shipper.close(graceMs);
      if (shipper.segments === 0 && spool.empty) removeFolder(own);
      else own.lock.release();
      for (const folder of adopted) folder.lock.release();
    },
  };
}

function spoolStats(shipper: Shipper, spool: Spool, now: number): Overview['spool'] {
  const oldest = shipper.oldestMs ?? spool.openSinceMs;
  return {
    segments: shipper.segments + (spool.openSinceMs === null ? 0 : 1),
    bytes: shipper.bytes + spool.openBytes,
    oldestAgeS: oldest === null ? 0 : Math.max(0, (now - oldest) / 1000),
  };
}

/** Adopts what can be adopted now; what a full disk forbids is tried again the next time. */
function adoptOrphans(options: TracerOptions, shipper: Shipper, holder: string, adopted: Set<ClaimedFolder>): void {
  const orLater = (what: string, attempt: () => void) => {
    try {
      attempt();
    } catch (error) {
      options.log.error({ err: error, what }, 'spools of processes that are gone could not be adopted; it is tried again');
    }
  };
  orLater(options.spool, () => {
    for (const path of processFolders(options.spool)) {
      orLater(path, () => {
        const folder = claimOrphan(path, holder);
        if (folder) adoptOrphan(folder, options.log, shipper, adopted);
      });
    }
  });
}

/** The folder is removed once its last segment is stored; until then this process holds its lock. */
function adoptOrphan(folder: ClaimedFolder, log: Logger, shipper: Shipper, adopted: Set<ClaimedFolder>): void {
  let segments: SegmentFile[];
  try {
    segments = adoptFolder(folder.path, log);
  } catch (error) {
    folder.lock.release();
    throw error;
  }
  log.info({ folder: folder.path, segments: segments.length }, 'adopted the spool of a process that is gone');
  if (segments.length === 0) return removeFolder(folder);
  adopted.add(folder);
  const finish = () => {
    adopted.delete(folder);
    removeFolder(folder);
  };
  segments.forEach((segment, index) => {
    shipper.enqueue(segment, true, index === segments.length - 1 ? finish : undefined);
  });
}
