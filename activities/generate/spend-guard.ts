/** The hard cap of a run: what was spent, what may have been, and the worst case of what is in flight. */
export class SpendGuard {
  readonly #capUsd: number;
  #spentUsd: number;
  #unknownUsd: number;
  #inFlightUsd = 0;
  #inFlight = 0;

  /** `unknownUsd`: the worst case of calls whose cost nobody knows. */
  constructor(capUsd: number, spentUsd: number, unknownUsd = 0) {
    this.#capUsd = capUsd;
    this.#spentUsd = spentUsd;
    this.#unknownUsd = unknownUsd;
  }

  /** What is known to have been spent. */
  get spentUsd(): number {
    return this.#spentUsd;
  }

  /** Whether no reservation is held: what the cap refuses then, it refuses for good. */
  get isIdle(): boolean {
    return this.#inFlight === 0;
  }

  /** Reserves an attempt's worst case; false where the cap would not hold it now. */
  reserve(worstUsd: number): boolean {
    if (this.#spentUsd + this.#unknownUsd + this.#inFlightUsd + worstUsd > this.#capUsd) return false;
    this.#inFlightUsd += worstUsd;
    this.#inFlight++;
    return true;
  }

  /** Gives a reservation back for what the attempt has cost; where that is not known (null), its worst case stays. */
  settle(worstUsd: number, costUsd: number | null): void {
    this.#inFlight--;
    this.#inFlightUsd = this.isIdle ? 0 : Math.max(0, this.#inFlightUsd - worstUsd);
    if (costUsd === null) this.#unknownUsd += worstUsd;
    else this.#spentUsd += costUsd;
  }
}
