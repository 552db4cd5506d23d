/** As much as a turn of the event loop records at full load, many times over; a longer body has memory of its own once. */
const KEPT_BYTES = 1024 * 1024;
const NEWLINE = 10;

/** Lines on their way to a file, as bytes in memory that is used again: to put them together as text first would copy each once more. */
export class RecordBytes {
  readonly #kept = Buffer.allocUnsafeSlow(KEPT_BYTES);
  #room = this.#kept;
  #length = 0;

  /** Forgets what is there. */
  clear(): void {
    this.#room = this.#kept;
    this.#length = 0;
  }

  /** What is there; good until the next `clear`. */
  bytes(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  addLine(line: string): void {
    this.#ensure(line);
    this.#write(line);
  }

  /** An object's line with members before its own: `head` is `{"name":value,`. */
  addLineWith(head: Buffer, line: string): void {
    this.#ensure(line, head.length);
    const from = this.#length;
    this.#length += head.length - 1;
    this.#write(line);
    // The line's brace is written over by the head's comma.
    head.copy(this.#room, from);
  }

  #write(line: string): void {
    this.#length += this.#room.write(line, this.#length);
    this.#room[this.#length++] = NEWLINE;
  }

  /** A letter of a string takes three bytes at most. */
  #ensure(line: string, more = 0): void {
    const most = this.#length + more + 3 * line.length + 1;
    if (most <= this.#room.length) return;
    const room = Buffer.allocUnsafe(Math.max(most, 2 * this.#room.length));
    this.bytes().copy(room);
    this.#room = room;
  }
}
