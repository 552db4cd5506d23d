import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { link, lstat, open, readFile, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import { type ExclusiveLock, tryExclusiveLock } from '../../platform/exclusive-lock.ts';
import { type ClaimedFolder, claimNewFolder, claimOrphan, processFolders, removeFolder } from '../tracing/spool-folders.ts';
import { expiryOf, type KeyStore } from './key-store.ts';

export interface HomeStoreOptions {
  folder: string;
  /** All answers together; what would go beyond is refused before it is sent. */
  quotaBytes: number;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** A hundred thousand answers take ten seconds to look through. */
const SWEEP_EVERY_MS = 300_000;
/** A home that is full is looked through more often. */
const FULL_SWEEP_EVERY_MS = 60_000;
/** An answer is there so soon after the link of its trace. */
const MARKED_MS = 60_000;
/** An expiry and a space. */
const HEAD_BYTES = 14;
/** What a failing disk has cut off or changed says no more when it expires: as long after it was written, by the clock of the file system. */
const UNREADABLE_MS = 24 * 3_600_000;

/** Keys in files of a home, shared by its processes: a claim appears whole, by link, and is on the disk before it counts. */
export function homeStore(options: HomeStoreOptions): KeyStore {
  return new HomeStore(options);
}

class HomeStore implements KeyStore {
  readonly #options: HomeStoreOptions;
  readonly #answers: string;
  readonly #processes: string;
  /** Links by trace to the places of their answers; one that leads nowhere is removed when the home is swept. */
  readonly #traces: string;
  readonly #own: ClaimedFolder;
  readonly holder: string;
  #bytes = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<void> = Promise.resolve();

  constructor(options: HomeStoreOptions) {
    this.#options = options;
    this.#answers = join(options.folder, 'answers');
    this.#processes = join(options.folder, 'processes');
    this.#traces = join(options.folder, 'traces');
    for (const folder of [this.#answers, this.#traces]) mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#own = claimNewFolder(this.#processes, `pid ${process.pid}`);
    this.holder = this.#own.path.slice(this.#processes.length + 1);
  }

  async claim(place: string, text: string, trace?: string): Promise<string | null> {
    await this.#makeRoom();
    const path = join(this.#answers, place);
    const temporary = await this.#written(text);
    try {
      await this.#mark(trace, place);
      for (;;) {
        if (await linked(temporary, path)) {
          this.#bytes += text.length;
          await synced(this.#answers);
          return null;
        }
        const found = await this.#live(path);
        if (found !== null) return found;
        await this.#takeAway(path);
      }
    } finally {
      await rm(temporary, { force: true });
    }
  }

  read(place: string): Promise<string | null> {
    return this.#live(join(this.#answers, place));
  }

  async put(place: string, text: string, trace?: string): Promise<void> {
    const temporary = await this.#written(text);
    await this.#mark(trace, place);
    await rename(temporary, join(this.#answers, place));
    await synced(this.#answers);
    this.#bytes += text.length;
  }

  async release(place: string): Promise<void> {
    await rm(join(this.#answers, place), { force: true });
    await synced(this.#answers);
  }

  async withdraw(place: string, text: string): Promise<void> {
    // Nobody else takes away a claim of a process that lives.
    if ((await read(join(this.#answers, place))) === text) await this.release(place);
  }

  async forget(traces: readonly string[]): Promise<number> {
    let forgotten = 0;
    for (const trace of traces) {
      const link = join(this.#traces, trace);
      const to = await readlink(link).catch(nullIfMissing);
      if (to === null) continue;
      const path = join(this.#traces, to);
      if ((await headOf(path)) !== null) forgotten++;
      await rm(path, { force: true });
      await rm(link, { force: true });
    }
    if (forgotten > 0) await synced(this.#answers);
    return forgotten;
  }

  /** A process holds the lock of its folder as long as it lives. */
  isAlive(holder: string): Promise<boolean> {
    const path = join(this.#processes, holder);
    if (holder === this.holder) return Promise.resolve(true);
    if (!existsSync(path)) return Promise.resolve(false);
    const orphan = claimOrphan(path, 'nobody');
    if (orphan) removeFolder(orphan);
    return Promise.resolve(orphan === null);
  }

  close(): void {
    removeFolder(this.#own);
  }

  /** What lies there; null where that is nothing, or has expired. */
  async #live(path: string): Promise<string | null> {
    const found = await read(path);
    return found !== null && (await expiryAt(path, found)) > this.#options.now() ? found : null;
  }

  /** Before the answer stands there: so it is always found. */
  async #mark(trace: string | undefined, place: string): Promise<void> {
    if (trace === undefined) return;
    const link = join(this.#traces, trace);
    await rm(link, { force: true });
    await symlink(join('..', 'answers', place), link);
    await synced(this.#traces);
  }

  /** A file beside its place, whole and on the disk. */
  async #written(text: string): Promise<string> {
    const path = join(this.#own.path, randomUUID());
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      return path;
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /**
   * Removes what has expired; one at a time in the whole home, and looked at again under the lock: between two looks another
   * may have put a new claim there, which must not be gone for a moment. The lock ends with its process.
   */
  async #takeAway(path: string): Promise<void> {
    const lock = await this.#expiryLock();
    try {
      const found = await read(path);
      if (found !== null && (await expiryAt(path, found)) <= this.#options.now()) await rm(path, { force: true });
    } finally {
      lock.release();
    }
  }

  async #expiryLock(): Promise<ExclusiveLock> {
    for (;;) {
      const lock = tryExclusiveLock(join(this.#options.folder, 'expiry.lock'), this.holder);
      if (lock) return lock;
      await delay(1 + Math.random() * 4);
    }
  }

  /** What has expired is swept behind the calls' backs; who comes upon a full home waits for that. */
  async #makeRoom(): Promise<void> {
    const now = this.#options.now();
    const isFull = () => this.#bytes > this.#options.quotaBytes;
    // A clock may have gone back.
    if (Math.abs(now - this.#sweptMs) >= (isFull() ? FULL_SWEEP_EVERY_MS : SWEEP_EVERY_MS)) {
      this.#sweptMs = now;
      // What can't be looked through now is the next time.
      this.#sweeping = this.#sweep(now).catch(() => undefined);
    }
    if (isFull()) await this.#sweeping;
    if (isFull())
      throw new StillhouseError('unavailable', 'The home keeps as many answers of idempotency keys as it may; nothing was sent');
  }

  async #sweep(now: number): Promise<void> {
    const before = this.#bytes;
    let bytes = 0;
    for (const name of await readdir(this.#answers)) {
      const path = join(this.#answers, name);
      const head = await headOf(path);
      if (head === null) continue;
      if ((await expiryAt(path, head.text)) > now) bytes += head.bytes;
      else await this.#takeAway(path);
    }
    // And what was put there meanwhile, which it may have passed by.
    this.#bytes += bytes - before;
    for (const trace of await readdir(this.#traces)) {
      const link = join(this.#traces, trace);
      if ((await stat(link).catch(nullIfMissing)) !== null) continue;
      // A young one's answer is about to be there; by the clock of the file system.
      const own = await lstat(link).catch(nullIfMissing);
      if (own && own.mtimeMs < Date.now() - MARKED_MS) await rm(link, { force: true });
    }
    for (const path of processFolders(this.#processes)) {
      const orphan = path === this.#own.path ? null : claimOrphan(path, 'nobody');
      if (orphan) removeFolder(orphan);
    }
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Of what lies there, which may begin in pieces: that something was sent under its key is all that is known then. */
async function expiryAt(path: string, text: string): Promise<number> {
  const said = expiryOf(text);
  if (said > 0) return said;
  const file = await stat(path).catch(nullIfMissing);
  return file ? file.mtimeMs + UNREADABLE_MS : 0;
}

async function read(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(nullIfMissing);
}

async function headOf(path: string): Promise<{ text: string; bytes: number } | null> {
  try {
    const { size } = await stat(path);
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return { text: buffer.toString('latin1', 0, bytesRead), bytes: size };
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null;
  throw error;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
