/** The hard cap of a run: what was spent, and the worst case of what is in flight. */
export class SpendGuard {
  readonly #capUsd: number;
  #spentUsd: number;
  #inFlightUsd = 0;

  constructor(capUsd: number, spentUsd: number) {
    this.#capUsd = capUsd;
    this.#spentUsd = spentUsd;
  }

  get spentUsd(): number {
    return this.#spentUsd;
  }

  /** Reserves a call's worst case; false where the cap would not hold it now. */
  reserve(worstUsd: number): boolean {
    if (this.#spentUsd + this.#inFlightUsd + worstUsd > this.#capUsd) return false;
    this.#inFlightUsd += worstUsd;
    return true;
  }

  /** Gives a reservation back for what the call has cost. */
  settle(worstUsd: number, costUsd: number): void {
    this.#inFlightUsd = Math.max(0, this.#inFlightUsd - worstUsd);
    this.#spentUsd += costUsd;
  }
}
