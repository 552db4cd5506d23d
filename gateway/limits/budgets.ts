import { setTimeout as delay } from 'node:timers/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import type { Budget } from '../../contracts/keys.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { Logger } from '../../platform/logger.ts';
import type { HeldBatch } from '../../store/clickhouse/provider-batches.ts';
import type { Caller } from '../keys/caller.ts';
import { keyInWords } from '../keys/key-in-words.ts';
import { BudgetLedger, type BudgetLine, type Standing } from './budget-ledger.ts';
import { endOf, periodsOf } from './periods.ts';
import type { Recorded, RecordedSpend } from './recorded-spend.ts';
import type { KeptBatches, SharedBudgets } from './shared-budgets.ts';
import { subjectOf } from './spend-amounts.ts';

/** What a call has reserved of its budgets. */
export interface Reservation {
  /**
   * The call is over and cost so much; null = nobody knows, which counts as nothing. In the same turn of the event loop as
   * its trace is recorded, or later. Only the first time counts.
   */
  settle(costUsd: number | null): void;
  /** What it is for is on record now, as a batch that is under way: it holds on from there, whatever becomes of this process. */
  note(): void;
}

/** A call before it is made. */
export interface PricedCall {
  id: string;
  /** When it came, in milliseconds since 1970. */
  atMs: number;
  /** null where it has no price: it is let in unless the budget is spent, and counts as nothing. */
  worstUsd: number | null;
}

export interface BudgetOptions {
  snapshots: { current(project: string): RegistrySnapshot; projects(): readonly string[] };
  recorded: RecordedSpend;
  /** null: each process has its own view. */
  shared: SharedBudgets | null;
  everyMs?: number;
  log: Logger;
}

const EVERY_MS = 5_000;
/** The first call of a project that has budgets waits so long for what is on record. */
const FIRST_READING_MS = 2_000;

/** Dollars a day and month, of keys and projects. */
export class Budgets {
  readonly #options: BudgetOptions;
  readonly #ledger = new BudgetLedger();
  /** Projects whose record was read, or could not be. */
  readonly #tried = new Set<string>();
  #reading: Promise<void> | null = null;
  #everRead = false;
  #failing = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  refused = 0;

  constructor(options: BudgetOptions) {
    this.#options = options;
    void this.#keepReading();
  }

  /**
   * Reserves a call's worst case, before its start is recorded. null at once where neither its key nor its project has a
   * budget. Rejects with `budget_exceeded`, which says what is spent and when the next period begins.
   */
  reserve(caller: Caller, call: PricedCall): Promise<Reservation> | null {
    if (!this.limits(caller)) return null;
    const { limits } = caller;
    const { budget } = this.#options.snapshots.current(caller.project);
    const periods = periodsOf(call.atMs);
    const lines = [
      ...(limits ? linesOf(subjectOf(caller.project, caller.keyId), limits, periods) : []),
      ...linesOf(subjectOf(caller.project), budget, periods),
    ];
    return this.#reserve(caller, call, lines);
  }

  /** Whether the key or its project has a budget. */
  limits({ limits, project }: Caller): boolean {
    return (limits !== undefined && hasBudget(limits)) || hasBudget(this.#options.snapshots.current(project).budget);
  }

  /** What is known of a key (with `keyId` empty: of a project) now. */
  standing(project: string, keyId: string, period: string): Standing {
    return this.#ledger.standing(subjectOf(project, keyId), period);
  }

  /** Reads what is on record, of the projects that have budgets. Never rejects. */
  refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #reserve(caller: Caller, call: PricedCall, lines: readonly BudgetLine[]): Promise<Reservation> {
    const { project, keyId } = caller;
    if (!this.#tried.has(project)) await this.#firstReading(project);
    const usd = call.worstUsd ?? 0;
    const shared = await this.#reserveShared(call.id, lines, usd, caller);
    if (!shared) this.#refuseExceeded(lines, usd, caller);
    const spending = { project, keyId, day: periodsOf(call.atMs).day, usd };
    this.#ledger.reserve(call.id, spending);
    let open = true;
    return {
      settle: (costUsd) => {
        if (!open) return;
        open = false;
        this.#ledger.settle(call.id, spending, costUsd ?? 0);
        if (shared) this.#options.shared!.settle(call.id, lines, costUsd ?? 0);
      },
      note: () => {
        if (!open) return;
        open = false;
        this.#ledger.note(call.id, spending);
        if (shared) this.#options.shared!.keep(call.id, lines, usd);
      },
    };
  }

  /** Whether Valkey has it; where it does not answer, this process's own view must do. */
  async #reserveShared(id: string, lines: readonly BudgetLine[], usd: number, caller: Caller): Promise<boolean> {
    const { shared } = this.#options;
    if (!shared?.ready()) return false;
    const withRecord = lines.map((line) => ({ ...line, recordedUsd: this.#ledger.recorded(line.subject, line.period) }));
    let full;
    try {
      full = await shared.reserve(id, withRecord, usd);
    } catch (error) {
      this.#options.log.warn({ reason: (error as Error).message }, 'a budget could not be looked up in Valkey: this process decides');
      return false;
    }
    if (full) this.#refuse(lines[full.line]!, full, usd, caller);
    return true;
  }

  #refuseExceeded(lines: readonly BudgetLine[], usd: number, caller: Caller): void {
    const line = this.#ledger.exceeded(lines, usd);
    if (line) this.#refuse(line, this.#ledger.standing(line.subject, line.period), usd, caller);
  }

  #refuse(line: BudgetLine, standing: Standing, worstUsd: number, caller: Caller): never {
    this.refused++;
    throw exceeded(line, standing, worstUsd, caller);
  }

  async #firstReading(project: string): Promise<void> {
    const reading = async () => {
      // One that began before the project was known does not count.
      for (let tries = 0; tries < 2 && !this.#tried.has(project); tries++) await this.refresh();
    };
    await Promise.race([reading(), delay(FIRST_READING_MS, undefined, { ref: false })]);
    this.#tried.add(project);
  }

  async #keepReading(): Promise<void> {
    await this.refresh();
    if (!this.#closed) this.#timer = setTimeout(() => void this.#keepReading(), this.#options.everyMs ?? EVERY_MS).unref();
  }

  async #read(): Promise<void> {
    const { recorded, shared, log } = this.#options;
    const projects = this.#budgeted();
    if (shared?.ready())
      await shared.tidy().catch((error: unknown) => log.warn({ reason: (error as Error).message }, 'Valkey was not tidied'));
    if (projects.length === 0) return;
    const { counts } = this.#ledger;
    const keptBefore = await this.#keptBatches();
    try {
      // What lies here is known before ClickHouse is asked, which may be down and take a while to say so.
      if (!this.#everRead) await this.#takeUp(() => recorded.spoolsAlone(counts));
      const { batches } = await this.#takeUp(() => recorded.read(projects, counts));
      await this.#followBatches(batches ?? [], keptBefore);
      this.#everRead = true;
      if (this.#failing) log.info('spend can be read from ClickHouse again');
      this.#failing = false;
    } catch (error) {
      if (!this.#failing)
        log.warn(
          { reason: (error as Error).message },
          'spend cannot be read from ClickHouse now: budgets go on with what this process knows',
        );
      this.#failing = true;
    }
    for (const project of projects) this.#tried.add(project);
  }

  async #takeUp(reading: () => Promise<Recorded>): Promise<Recorded> {
    this.#ledger.beginReading();
    // Records of calls that have ended in this turn of the event loop are written by then.
    await new Promise((resolve) => setImmediate(resolve));
    const found = await reading();
    this.#ledger.endReading(found);
    return found;
  }

  /** Batches that Valkey holds; null where it can't be asked. */
  async #keptBatches(): Promise<KeptBatches | null> {
    const { shared } = this.#options;
    return shared?.ready() ? shared.keptBatches().catch(() => null) : null;
  }

  /** Valkey learns which batches are under way, and of those that are over what they cost. */
  async #followBatches(batches: readonly HeldBatch[], before: KeptBatches | null): Promise<void> {
    const { shared, log } = this.#options;
    if (!shared || before === null) return;
    const recordedOf = (subject: string, period: string) => this.#ledger.recorded(subject, period);
    await shared
      .followBatches(batches, before, recordedOf)
      .catch((error: unknown) => log.warn({ reason: (error as Error).message }, 'Valkey was not told which batches are under way'));
  }

  /** Projects of which somebody's spend is limited. */
  #budgeted(): string[] {
    const { snapshots } = this.#options;
    return snapshots.projects().filter((project) => {
      const { budget, keys } = snapshots.current(project);
      return hasBudget(budget) || Object.values(keys).some((key) => key.revokedAt === null && hasBudget(key.limits));
    });
  }
}

function hasBudget({ usdPerDay, usdPerMonth }: Budget): boolean {
  return usdPerDay !== null || usdPerMonth !== null;
}

function linesOf(subject: string, { usdPerDay, usdPerMonth }: Budget, { day, month }: { day: string; month: string }): BudgetLine[] {
  return [
    ...(usdPerDay === null ? [] : [{ subject, period: day, limitUsd: usdPerDay }]),
    ...(usdPerMonth === null ? [] : [{ subject, period: month, limitUsd: usdPerMonth }]),
  ];
}

function exceeded({ subject, period, limitUsd }: BudgetLine, standing: Standing, worstUsd: number, caller: Caller): StillhouseError {
  const [project, ofKey] = subject.split('/');
  const who = ofKey ? `The key ${keyInWords(caller)}` : `The project "${project}"`;
  const resetsAt = new Date(endOf(period)).toISOString();
  const { spentUsd, reservedUsd } = standing;
  const inFlight = reservedUsd > 0 ? `, calls in flight may cost ${dollars(reservedUsd)}` : '';
  return new StillhouseError(
    'budget_exceeded',
    `${who} has spent ${dollars(spentUsd)} of ${dollars(limitUsd)} a ${period.length === 7 ? 'month' : 'day'}${inFlight}, and this call may cost up to ${dollars(worstUsd)}. The budget begins anew at ${resetsAt}`,
    { data: { limitUsd, spentUsd, reservedUsd, worstUsd, resetsAt } },
  );
}

function dollars(usd: number): string {
  return usd === 0 || usd >= 1 ? `$${usd.toFixed(2)}` : `$${Number(usd.toPrecision(3)).toFixed(6).replace(/0+$/, '').replace(/\.$/, '')}`;
}
