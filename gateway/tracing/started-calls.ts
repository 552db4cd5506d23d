const FIRST_SLOTS = 256;

/**
 * Start lines of the calls in flight, by their ids. A `Map` does the same, but moves into a new table with every few dozen calls
 * that come and go, and V8 lets the old ones, which it takes for long-lived, keep those calls' lines from its short collections.
 * Slots are used again instead: linear probing, with nothing left behind where one is given back (Knuth, 6.4, algorithm R).
 */
export class StartedCalls {
  #ids: string[] = Array.from({ length: FIRST_SLOTS }, () => '');
  #lines: string[] = Array.from({ length: FIRST_SLOTS }, () => '');
  #size = 0;

  get size(): number {
    return this.#size;
  }

  set(id: string, line: string): void {
    if (2 * (this.#size + 1) > this.#ids.length) this.#grow();
    const slot = this.#slotOf(id);
    if (this.#ids[slot] === '') this.#size++;
    this.#ids[slot] = id;
    this.#lines[slot] = line;
  }

  delete(id: string): void {
    let free = this.#slotOf(id);
    if (this.#ids[free] === '') return;
    this.#size--;
    const last = this.#ids.length - 1;
    for (let at = free; ;) {
      this.#ids[free] = '';
      this.#lines[free] = '';
      // What was pushed on by the one that is gone moves back, or nobody would find it.
      do {
        at = (at + 1) & last;
        if (this.#ids[at] === '') return;
      } while (((at - home(this.#ids[at]!, last)) & last) < ((at - free) & last));
      this.#ids[free] = this.#ids[at]!;
      this.#lines[free] = this.#lines[at]!;
      free = at;
    }
  }

  /** In no order. */
  lines(): string[] {
    return this.#lines.filter((line) => line !== '');
  }

  /** Where the id is, or would be. */
  #slotOf(id: string): number {
    const last = this.#ids.length - 1;
    let at = home(id, last);
    while (this.#ids[at] !== '' && this.#ids[at] !== id) at = (at + 1) & last;
    return at;
  }

  #grow(): void {
    const [ids, lines] = [this.#ids, this.#lines];
    this.#ids = Array.from({ length: 2 * ids.length }, () => '');
    this.#lines = Array.from({ length: 2 * ids.length }, () => '');
    this.#size = 0;
    ids.forEach((id, slot) => void (id === '' || this.set(id, lines[slot]!)));
  }
}

/** Of the id's last letters: they are random. `last`: slots, a power of two, less one. */
function home(id: string, last: number): number {
  let hash = 0;
  for (let at = Math.max(0, id.length - 8); at < id.length; at++) hash = (hash * 31 + id.charCodeAt(at)) | 0;
  return hash & last;
}
