const AGAIN_MS = 1_000;

/** What a store could not be told, by place: tried again until it can. */
export class OwedWrites {
  readonly #owed = new Map<string, () => Promise<void>>();
  readonly #againMs: number;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(againMs = AGAIN_MS) {
    this.#againMs = againMs;
  }

  /** In the place of what is owed there. */
  add(place: string, write: () => Promise<void>): void {
    this.#owed.set(place, write);
    this.#later();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #later(): void {
    if (!this.#closed) this.#timer ??= setTimeout(() => void this.#again(), this.#againMs).unref();
  }

  async #again(): Promise<void> {
    for (const [place, write] of this.#owed) {
      try {
        await write();
        if (this.#owed.get(place) === write) this.#owed.delete(place);
      } catch {
        // It was logged the first time, and is tried again; what keeps one from being written need not keep the others.
      }
    }
    this.#timer = undefined;
    if (this.#owed.size > 0) this.#later();
  }
}
