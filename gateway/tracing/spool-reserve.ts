import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const RESERVE_BYTES = 4 * 1024 * 1024;

/**
 * Disk space kept back, so that calls already in flight can be recorded when the disk is full. While it is spent, no
 * new call is taken.
 */
export class SpoolReserve {
  readonly #path: string;
  #held = false;

  constructor(folder: string) {
    this.#path = join(folder, 'reserve');
  }

  get held(): boolean {
    return this.#held;
  }

  /** Tries to take the space; false where the disk does not have it. */
  take(): boolean {
    if (this.#held) return true;
    let file: number | undefined;
    try {
      file = openSync(this.#path, 'w', 0o600);
      const zeros = Buffer.alloc(256 * 1024);
      for (let at = 0; at < RESERVE_BYTES;) at += writeSync(file, zeros);
      this.#held = true;
    } catch {
      this.give();
    } finally {
      if (file !== undefined) closeSync(file);
    }
    return this.#held;
  }

  /** Gives the space back to the disk. */
  give(): void {
    this.#held = false;
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // A disk that has become read-only gives nothing back.
    }
  }
}
