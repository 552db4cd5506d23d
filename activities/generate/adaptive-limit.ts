/**
 * How many calls may be in flight: additive increase, multiplicative decrease. It begins at `most`, halves when the
 * provider or the gateway says that it is too much (once for calls that were in flight together), and grows by about
 * one each time that as many calls have succeeded as were allowed.
 */
export class AdaptiveLimit {
  readonly #most: number;
  #limit: number;
  #inFlight = 0;
  #calmUntil = 0;
  #waiting: (() => void)[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#limit = most;
  }

  get limit(): number {
    return Math.floor(this.#limit);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves with a place in flight. */
  async enter(): Promise<void> {
    while (this.#inFlight >= this.limit) await this.changed();
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
    this.#wake();
  }

  /** Resolves when a place was given back or the limit has moved. */
  changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  succeeded(): void {
    this.#limit = Math.min(this.#most, this.#limit + 1 / this.#limit);
    this.#wake();
  }

  /** `nowMs`: any steady clock. */
  overloaded(nowMs: number): void {
    if (nowMs < this.#calmUntil) return;
    this.#limit = Math.max(1, this.#limit / 2);
    this.#calmUntil = nowMs + 1_000;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
