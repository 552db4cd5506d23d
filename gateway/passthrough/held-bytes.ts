import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { StillhouseError } from '../../contracts/errors.ts';
import { GrowingBytes } from '../../platform/growing-bytes.ts';

/** So much is held in memory; what goes beyond it lies on the disk. */
const IN_MEMORY_BYTES = 256 * 1024;
const READ_BYTES = 64 * 1024;

/** The disk that all uploads of a process may take together while they wait: the spool of traces lies on it, too. */
export class WaitingRoom {
  readonly folder: string;
  readonly #mostBytes: number;
  #bytes = 0;

  constructor(folder: string, mostBytes: number) {
    this.folder = folder;
    this.#mostBytes = mostBytes;
  }

  /** Throws where there is no room. */
  enter(bytes: number): void {
    if (this.#bytes + bytes > this.#mostBytes) throw new RangeError(`${this.#bytes} bytes wait already`);
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * Bytes that must wait, read once in the order in which they came. Most fit in memory; a file has no name in its folder, so that a
 * crash leaves nothing behind.
 */
export class HeldBytes {
  readonly #room: WaitingRoom;
  readonly #memory = new GrowingBytes();
  #file: FileHandle | null = null;
  #onDisk = 0;

  constructor(room: WaitingRoom) {
    this.#room = room;
  }

  async add(bytes: Uint8Array): Promise<void> {
    this.#memory.add(bytes);
    if (this.#memory.length > IN_MEMORY_BYTES) await this.#toDisk();
  }

  async *read(): AsyncGenerator<Uint8Array> {
    if (this.#file) {
      for (let at = 0; ;) {
        const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, at);
        if (bytesRead === 0) break;
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      await this.close();
    }
    if (this.#memory.length > 0) yield this.#memory.take();
  }

  /** Gives the room back. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    this.#room.leave(this.#onDisk);
    this.#onDisk = 0;
    await file?.close();
  }

  async #toDisk(): Promise<void> {
    const bytes = this.#memory.take();
    try {
      this.#room.enter(bytes.length);
      this.#onDisk += bytes.length;
      this.#file ??= await namelessFile(this.#room.folder);
      await this.#file.appendFile(bytes);
    } catch (cause) {
      await this.close();
      throw new StillhouseError('unavailable', 'There is no room on the disk for this upload: name its model before its files', { cause });
    }
  }
}

async function namelessFile(folder: string): Promise<FileHandle> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `upload-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await unlink(path);
  return file;
}
