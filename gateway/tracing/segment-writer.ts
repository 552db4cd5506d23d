import { close, fdatasync, fdatasyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { segmentPath, type SegmentFile } from './segment-files.ts';

/** The one segment that a spool is writing. Every write is whole or leaves nothing behind. */
export class SegmentWriter {
  readonly id: string;
  readonly sequence: number;
  readonly beganMs: number;
  bytes = 0;
  /** Ended calls in it; a segment of starts only is not worth a shipment. */
  rows = 0;
  /** `<project>/<sha256>` of the images in it. */
  readonly images = new Set<string>();
  readonly #folder: string;
  readonly #fd: number;

  constructor(folder: string, sequence: number, id: string, nowMs: number) {
    this.id = id;
    this.sequence = sequence;
    this.beganMs = nowMs;
    this.#folder = folder;
    this.#fd = openSync(this.path, 'ax', 0o600);
  }

  get path(): string {
    return segmentPath(this.#folder, this.sequence, this.id, 'open');
  }

  /**
   * Appends the lines, and waits for the disk where they are to be `synced`. Where it takes only a part, or does not
   * confirm them, they are cut off again and the error thrown: who is refused has left nothing.
   */
  append(lines: Buffer, rows: number, synced: boolean): void {
    try {
      // The kernel may take a part: the next call takes the rest or says why not.
      for (let at = 0; at < lines.length;) at += writeSync(this.#fd, lines, at);
      if (synced) fdatasyncSync(this.#fd);
    } catch (error) {
      // A torn line would swallow the next one.
      ftruncateSync(this.#fd, this.bytes);
      throw error;
    }
    this.bytes += lines.length;
    this.rows += rows;
  }

  /** Asks for the data to reach the disk, and does not wait. */
  syncSoon(): void {
    fdatasync(this.#fd, () => undefined);
  }

  /** Renames and closes it, after its data has reached the disk where asked: from here on it is the shipper's. */
  seal(synced: boolean): SegmentFile {
    const sealed = segmentPath(this.#folder, this.sequence, this.id, 'sealed');
    renameSync(this.path, sealed);
    const closed = () => close(this.#fd, () => undefined);
    if (synced) fdatasync(this.#fd, closed);
    else closed();
    return { path: sealed, sequence: this.sequence, id: this.id, state: 'sealed', bytes: this.bytes };
  }

  /** Closes it and takes it away, where nothing in it is worth keeping. */
  discard(): void {
    close(this.#fd, () => undefined);
    try {
      rmSync(this.path, { force: true });
    } catch {
      // A failing disk keeps it: it says nothing to whoever finds it.
    }
  }
}
