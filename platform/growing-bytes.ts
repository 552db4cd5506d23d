const FIRST_BYTES = 1024;

/** Bytes put together as they come, in one piece of memory: a caller may send a megabyte byte by byte, and a buffer of each would be a hundred. */
export class GrowingBytes {
  length = 0;
  #bytes = Buffer.alloc(0);

  add(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(length, 2 * this.#bytes.length, FIRST_BYTES));
      this.#bytes.copy(larger, 0, 0, this.length);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.length);
    this.length = length;
  }

  /** All of them; then it is empty. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.length);
    this.#bytes = Buffer.alloc(0);
    this.length = 0;
    return taken;
  }
}
