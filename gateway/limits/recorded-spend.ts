import type { HeldBatch } from '../../store/clickhouse/provider-batches.ts';
import type { DaySpend, SpendQuery } from '../../store/clickhouse/spend.ts';
import { batchHold } from './batch-hold.ts';
import { beginOf, endOf, periodsOf } from './periods.ts';
import type { SpendAmounts } from './spend-amounts.ts';
import type { SpoolReader } from './spool-spend.ts';

/** Asks ClickHouse: `store/clickhouse/spend.ts`. */
export type SpendSource = (project: string, query: SpendQuery) => Promise<DaySpend[]>;
/** Asks ClickHouse: `store/clickhouse/provider-batches.ts`. */
export type BatchSource = () => Promise<HeldBatch[]>;

/** The URL of a query holds no more ids. The oldest go: they are the ones being shipped. */
const MOST_SEGMENTS = 200;
/** Earlier days of the month change no more, but for calls that went on over midnight. */
const EARLIER_EVERY_MS = 60_000;

/** What is on record. */
export interface Recorded {
  /** Of calls that are over. */
  ended: SpendAmounts;
  /** Estimates of calls that are in flight in other processes, or were cut off by a crash, and of batches that are under way. */
  begun: SpendAmounts;
  /** Those batches; null where they could not be asked for. */
  batches: readonly HeldBatch[] | null;
}

/** All that is on record of some projects' spend: ClickHouse without what lies in the spools, and the spools. */
export class RecordedSpend {
  readonly #source: SpendSource;
  readonly #batches: BatchSource;
  readonly #spools: SpoolReader;
  readonly #now: () => number;
  /** By project: the days of this month before today. */
  readonly #earlier = new Map<string, { readAt: number; day: string; rows: readonly DaySpend[] }>();
  /** Calls that made the batches which were under way at the last reading, with their projects. */
  #underWay = new Map<string, string>();

  constructor(parts: { source: SpendSource; batches: BatchSource; spools: SpoolReader; now: () => number }) {
    this.#source = parts.source;
    this.#batches = parts.batches;
    this.#spools = parts.spools;
    this.#now = parts.now;
  }

  /** `skip`: ids of calls that the process counts itself. Rejects where ClickHouse does not answer. */
  async read(projects: readonly string[], skip: (id: string) => boolean): Promise<Recorded> {
    // Before the traces are asked for: one that is settled meanwhile counts twice until the next reading, and never not at all.
    const batches = (await this.#batches()).filter(({ project, callId }) => projects.includes(project) && !skip(batchHold(callId)));
    this.#noteBatches(batches);
    const spool = await this.#spools.read(skip);
    const withoutSegments = spool.segments.slice(0, MOST_SEGMENTS);
    const { ended, begun } = spool;
    for (const project of projects) {
      for (const { keyId, day, usd } of await this.#ofProject(project, withoutSegments)) ended.addDay(project, keyId, day, usd);
    }
    for (const { project, keyId, day, usd } of batches) if (usd !== 0) begun.addDay(project, keyId, day, usd);
    return { ended, begun, batches };
  }

  /** What lies in the spools, where ClickHouse does not answer. */
  async spoolsAlone(skip: (id: string) => boolean): Promise<Recorded> {
    return { ...(await this.#spools.read(skip)), batches: null };
  }

  /** Of a batch that is over, the cost is on the day on which it was made: earlier days are to be read anew. */
  #noteBatches(batches: readonly HeldBatch[]): void {
    const underWay = new Map(batches.map(({ callId, project }) => [callId, project]));
    for (const [callId, project] of this.#underWay) if (!underWay.has(callId)) this.#earlier.delete(project);
    this.#underWay = underWay;
  }

  async #ofProject(project: string, withoutSegments: readonly string[]): Promise<DaySpend[]> {
    const now = this.#now();
    const { day, month } = periodsOf(now);
    const known = this.#earlier.get(project);
    // Just after midnight yesterday's rows are still being shipped.
    const settled = now - beginOf(day) > 2 * EARLIER_EVERY_MS;
    const current = known?.day === day && settled && now - known.readAt < EARLIER_EVERY_MS;
    const [today, earlier] = await Promise.all([
      this.#source(project, { from: beginOf(day), until: endOf(day), withoutSegments }),
      current
        ? known.rows
        : day.endsWith('-01')
          ? []
          : this.#source(project, { from: beginOf(month), until: beginOf(day), withoutSegments }),
    ]);
    if (!current) this.#earlier.set(project, { readAt: now, day, rows: earlier });
    return [...earlier, ...today];
  }
}
