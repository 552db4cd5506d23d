import { StillhouseError } from '../../contracts/errors.ts';
import type { SpooledImage, TraceRow, TraceStart } from '../../contracts/traces.ts';
import type { Logger } from '../../platform/logger.ts';
import { takeImagesOut } from '../../store/images/image-references.ts';
import { withoutBodies } from '../../core/privacy/without-bodies.ts';
import { RecordBytes } from './record-bytes.ts';
import { rowLine, startLine } from './record-lines.ts';
import type { SegmentFile } from './segment-files.ts';
import { SegmentWriter } from './segment-writer.ts';
import { SpoolReserve } from './spool-reserve.ts';
import { StartedCalls } from './started-calls.ts';
import { traceId } from './trace-id.ts';

/** `always`: an answer waits for the disk; `interval`: at most a second is lost with the power; `never`: the kernel's pace. */
export type FsyncPolicy = 'always' | 'interval' | 'never';

export interface SpoolOptions {
  /** This process's own folder, locked by it. */
  folder: string;
  fsync: FsyncPolicy;
  sealBytes: number;
  sealAgeMs: number;
  /** Whether bodies are to be left out of new rows, since the spool is over its quota. */
  overQuota: () => boolean;
  onSealed: (segment: SegmentFile) => void;
  now: () => number;
  log: Logger;
}

const NO_IMAGES: readonly SpooledImage[] = [];

interface Pending {
  /** A `TraceStart` or a `TraceRow` as JSON. */
  line: string;
  /** Id of the call that begins; null for a row. */
  start: string | null;
  /** That the row's body names. */
  images: readonly SpooledImage[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Where traces lie until ClickHouse has them. Group commit: what one turn of the event loop records goes to the file
 * with one write, and each record's promise settles after it. What is written survives the process's death.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #reserve: SpoolReserve;
  /** Start lines of the calls in flight: carried into each new segment. */
  readonly #started = new StartedCalls();
  /** Rows that the disk refused, without their bodies: written as soon as it takes them. */
  readonly #owed: string[] = [];
  readonly #bytes = new RecordBytes();
  #file: SegmentWriter;
  #pending: Pending[] = [];
  #scheduled = false;
  #sealTimer: NodeJS.Timeout | undefined;
  #tick: NodeJS.Timeout;
  #broken = false;
  bodiesShed = 0;
  /** After `close`: whether nothing is left in the folder but sealed segments. */
  empty = false;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#reserve = new SpoolReserve(options.folder);
    this.#file = new SegmentWriter(options.folder, 1, traceId(options.now()), options.now());
    this.#broken = !this.#reserve.take();
    this.#tick = setInterval(() => this.#everySecond(), 1000).unref();
  }

  /** False while the disk takes nothing: then no call may begin. */
  get writable(): boolean {
    return !this.#broken;
  }

  get openBytes(): number {
    return this.#file.bytes;
  }

  /** Time of the oldest row that is not sealed; null where there is none. */
  get openSinceMs(): number | null {
    return this.#file.rows > 0 ? this.#file.beganMs : null;
  }

  /** Records that a call begins. Settles when that is written; rejects with `unavailable` where it can't be. */
  begin(start: TraceStart): Promise<void> {
    if (this.#broken) return Promise.reject(diskFull());
    const line = startLine(start);
    this.#started.set(start.id, line);
    return this.#commit(line, start.id);
  }

  /** Records how a call ended. Settles when that is written: only then may its answer end. */
  end(row: TraceRow): Promise<void> {
    let kept = row;
    let images: SpooledImage[] = [];
    if (this.#options.overQuota()) {
      kept = withoutBodies(row, 'shed');
      this.bodiesShed++;
    } else {
      const taken = takeImagesOut(row.request);
      if (taken.images.length > 0) {
        kept = { ...row, request: taken.body };
        images = taken.images.map((image) => ({ i: 1, project: row.project, ...image }));
      }
    }
    this.#started.delete(row.id);
    return this.#commit(rowLine(kept), null, images);
  }

  #commit(line: string, start: string | null, images: readonly SpooledImage[] = NO_IMAGES): Promise<void> {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => this.flush());
    }
    return new Promise((resolve, reject) => this.#pending.push({ line, start, images, resolve, reject }));
  }

  /** Writes what is pending now. */
  flush(): void {
    this.#scheduled = false;
    const pending = this.#pending;
    if (pending.length === 0) return;
    this.#pending = [];
    try {
      this.#append(pending);
    } catch (error) {
      this.#rescue(pending, error);
      return;
    }
    for (const one of pending) one.resolve();
    if (this.#file.bytes >= this.#options.sealBytes) this.seal();
    else if (this.#file.rows > 0) this.#sealLater();
  }

  #append(records: readonly Pick<Pending, 'line' | 'start' | 'images'>[]): void {
    const head = Buffer.from(`{"segment_id":"${this.#file.id}",`);
    const bytes = this.#bytes;
    bytes.clear();
    let rows = 0;
    const images = new Map<string, SpooledImage>();
    for (const { line, start, images: named } of records) {
      // In the row's own segment: it is shipped with it, and what a crash leaves of one it leaves of the other.
      for (const image of named) {
        const key = `${image.project}/${image.sha256}`;
        if (this.#file.images.has(key) || images.has(key)) continue;
        images.set(key, image);
        bytes.addLine(JSON.stringify(image));
      }
      if (start === null) {
        bytes.addLineWith(head, line);
        rows++;
      } else bytes.addLine(line);
    }
    this.#file.append(bytes.bytes(), rows, this.#options.fsync === 'always');
    for (const key of images.keys()) this.#file.images.add(key);
  }

  /** The disk took nothing: new calls are refused, rows of calls that were answered go into the space kept back. */
  #rescue(pending: Pending[], error: unknown): void {
    this.#options.log.error({ err: error, records: pending.length }, 'the spool could not be written');
    this.#broken = true;
    this.#reserve.give();
    const rows: Pending[] = [];
    for (const one of pending) {
      if (one.start === null) {
        rows.push({ ...one, line: JSON.stringify(withoutBodies(JSON.parse(one.line) as TraceRow, 'shed')), images: NO_IMAGES });
        continue;
      }
      this.#started.delete(one.start);
      one.reject(diskFull(error));
    }
    this.bodiesShed += rows.length;
    try {
      this.#append(rows);
      for (const one of rows) one.resolve();
    } catch (again) {
      for (const one of rows) {
        this.#owed.push(one.line);
        one.reject(diskFull(again));
      }
    }
  }

  /**
   * Ends the segment and hands it to the shipper. The starts of calls in flight go into the next one first: at every
   * moment some open segment has them.
   */
  seal(): void {
    clearTimeout(this.#sealTimer);
    this.#sealTimer = undefined;
    this.flush();
    const old = this.#file;
    if (old.rows === 0) return;
    const now = this.#options.now();
    let next: SegmentWriter | undefined;
    let sealed: SegmentFile;
    try {
      next = new SegmentWriter(this.#options.folder, old.sequence + 1, traceId(now), now);
      // On the disk, where starts are to be: whoever adopts the spool reads those of open segments alone.
      if (this.#started.size > 0) next.append(Buffer.from(`${this.#started.lines().join('\n')}\n`), 0, this.#options.fsync === 'always');
      sealed = old.seal(this.#options.fsync !== 'never');
    } catch (error) {
      next?.discard();
      this.#options.log.error({ err: error }, 'no new spool segment could be begun; the old one goes on');
      this.#sealLater();
      return;
    }
    this.#file = next;
    this.#options.onSealed(sealed);
  }

  #sealLater(): void {
    this.#sealTimer ??= setTimeout(() => this.seal(), this.#options.sealAgeMs).unref();
  }

  #everySecond(): void {
    if (this.#options.fsync === 'interval') this.#file.syncSoon();
    if (!this.#broken) return;
    // Space again? First what is owed, then the reserve, then new calls.
    try {
      this.#append(this.#owed.map((line) => ({ line, start: null, images: NO_IMAGES })));
      this.#owed.length = 0;
    } catch {
      return;
    }
    if (this.#reserve.take()) {
      this.#broken = false;
      this.#options.log.info('the spool can be written again');
    }
    if (this.#file.rows > 0) this.seal();
  }

  /** Seals what there is and stops. Calls still in flight keep their starts in the last segment. */
  close(): void {
    clearInterval(this.#tick);
    this.seal();
    clearTimeout(this.#sealTimer);
    this.#reserve.give();
    this.empty = this.#started.size === 0 && this.#file.rows === 0;
    if (this.empty) this.#file.discard();
  }
}

function diskFull(cause?: unknown): StillhouseError {
  return new StillhouseError('unavailable', 'The gateway cannot record calls now: its disk is full or cannot be written', { cause });
}
