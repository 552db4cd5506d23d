import type { Recorded } from './recorded-spend.ts';
import { SpendAmounts } from './spend-amounts.ts';

/** One limit of a call: whose money, in which period, how much. */
export interface BudgetLine {
  subject: string;
  period: string;
  limitUsd: number;
}

/** Where a subject stands in a period. */
export interface Standing {
  spentUsd: number;
  reservedUsd: number;
}

/**
 * What this process knows of spending: what was on record at the last reading, its own calls that ended since, and what its
 * calls in flight have reserved.
 */
export class BudgetLedger {
  #recorded: Recorded = { ended: new SpendAmounts(), begun: new SpendAmounts(), batches: null };
  /** Ended before the reading that is under way began, and since. */
  #before = new SpendAmounts();
  #since = new SpendAmounts();
  readonly #reserved = new SpendAmounts();
  readonly #inFlight = new Set<string>();
  /** Reservations that the next reading finds on record, and those that the one under way does. */
  #noted = new Map<string, Spending>();
  #reading = new Map<string, Spending>();
  #endedSince = new Set<string>();

  standing(subject: string, period: string): Standing {
    const spentUsd = this.recorded(subject, period) + this.#before.of(subject, period) + this.#since.of(subject, period);
    return { spentUsd, reservedUsd: this.#reserved.of(subject, period) + this.#recorded.begun.of(subject, period) };
  }

  /** Of what was spent, that which everybody can read: it may be told to others, who know it or will. */
  recorded(subject: string, period: string): number {
    return this.#recorded.ended.of(subject, period);
  }

  /** The first line that has no room for so much; null where all have. */
  exceeded(lines: readonly BudgetLine[], usd: number): BudgetLine | null {
    const full = lines.find(({ subject, period, limitUsd }) => {
      const { spentUsd, reservedUsd } = this.standing(subject, period);
      return spentUsd + reservedUsd + usd > limitUsd;
    });
    return full ?? null;
  }

  reserve(id: string, { project, keyId, day, usd }: Spending): void {
    this.#inFlight.add(id);
    this.#reserved.addDay(project, keyId, day, usd);
  }

  /** The call is over: its real cost takes the reservation's place. */
  settle(id: string, { project, keyId, day, usd }: Spending, costUsd: number): void {
    this.#inFlight.delete(id);
    this.#endedSince.add(id);
    this.#reserved.addDay(project, keyId, day, -usd);
    this.#since.addDay(project, keyId, day, costUsd);
  }

  /**
   * What it has reserved is on record now: it is held here until a reading that has begun after this is through, and by the record from
   * then on.
   */
  note(id: string, spending: Spending): void {
    this.#noted.set(id, spending);
  }

  /** A reading begins: what has ended by now is on record, once the records of this turn of the event loop are written. */
  beginReading(): void {
    this.#before.addAll(this.#since);
    this.#since = new SpendAmounts();
    this.#endedSince = new Set();
    for (const [id, spending] of this.#noted) this.#reading.set(id, spending);
    for (const id of this.#reading.keys()) this.#inFlight.delete(id);
    this.#noted = new Map();
  }

  /** Whether a reading must pass over that call: it is counted here. */
  readonly counts = (id: string): boolean => this.#inFlight.has(id) || this.#endedSince.has(id);

  /** The reading is through. One that failed is not given: what was known goes on. */
  endReading(recorded: Recorded): void {
    this.#recorded = recorded;
    this.#before = new SpendAmounts();
    // Of the spools alone nothing is known of batches.
    if (recorded.batches === null) return;
    for (const { project, keyId, day, usd } of this.#reading.values()) this.#reserved.addDay(project, keyId, day, -usd);
    this.#reading.clear();
  }
}

/** A key's money on a day. */
export interface Spending {
  project: string;
  keyId: string;
  day: string;
  usd: number;
}
