import type { Caller } from '../keys/caller.ts';
import { originOf } from '../keys/caller.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { batchOfCall, dueBatches, noteBatch, openBatchesAt, type ProviderBatch } from '../../store/clickhouse/provider-batches.ts';

/** A batch that is about to be made. */
export interface NewBatch {
  callId: string;
  createdMs: number;
  provider: string;
  inputFileId: string;
  endpoint: string;
  models: readonly string[];
  worstUsd: number | null;
}

interface BatchRecordsOptions {
  clickhouse: ClickHouseClient;
  /** This process's name, another each time it starts. */
  holder: string;
  /** A batch is looked at so long after it was begun. */
  pollMs: number;
  now: () => number;
}

/** No provider takes longer to answer: what it has not answered by then was cut off. */
const ANSWER_POLLS = 10;
/** Who looks at a batch has it for so long, unless it says that it is still at it. */
const LEASE_POLLS = 10;
/** Between two looks at most. */
const MOST_POLLS = 30;
/** Providers give a day, and say when it is over some time later. */
const WINDOW_MS = 86_400_000;
const GRACE_MS = 86_400_000;
/** Whatever a provider says: older ones are not looked for. */
const LONGEST_MS = 35 * 86_400_000;

/** Batches as they stand, on record in ClickHouse: what every gateway knows of them. */
export class BatchRecords {
  readonly #options: BatchRecordsOptions;

  constructor(options: BatchRecordsOptions) {
    this.#options = options;
  }

  /** So often somebody looks whether there is something to do. */
  get pollMs(): number {
    return this.#options.pollMs;
  }

  get leaseMs(): number {
    return LEASE_POLLS * this.#options.pollMs;
  }

  /** Before its provider is asked: from here on what it may cost is held, whatever becomes of this process. */
  async asked(caller: Caller, made: NewBatch): Promise<ProviderBatch> {
    const { now, pollMs, holder } = this.#options;
    const { project, keyId } = caller;
    const nextMs = now() + ANSWER_POLLS * pollMs;
    const untilMs = now() + WINDOW_MS + GRACE_MS;
    const batch: ProviderBatch = { ...made, project, keyId, origin: originOf(caller), state: 'asked', id: '', nextMs, untilMs, holder };
    await noteBatch(this.#options.clickhouse, batch, now());
    return batch;
  }

  /** Its provider has it, under that id. */
  open(batch: ProviderBatch, id: string, expiresAt: unknown): Promise<ProviderBatch> {
    const { now, pollMs } = this.#options;
    return this.#note({ ...batch, state: 'open', id, nextMs: now() + pollMs, untilMs: untilOf(batch, expiresAt) });
  }

  /** Its provider has made none. */
  none(batch: ProviderBatch): Promise<ProviderBatch> {
    return this.#note({ ...batch, state: 'none' });
  }

  settled(batch: ProviderBatch): Promise<ProviderBatch> {
    return this.#note({ ...batch, state: 'settled' });
  }

  /** It has not ended: the older it is, the later is the next look. */
  later(batch: ProviderBatch, expiresAt?: unknown): Promise<ProviderBatch> {
    const { now, pollMs } = this.#options;
    const waitMs = Math.min(Math.max(pollMs, (now() - batch.createdMs) / 10), MOST_POLLS * pollMs);
    return this.#note({ ...batch, nextMs: Math.round(now() + waitMs), untilMs: untilOf(batch, expiresAt) });
  }

  /** For whoever can ask these providers. */
  due(providers: string[], limit: number): Promise<ProviderBatch[]> {
    return dueBatches(this.#options.clickhouse, { nowMs: this.#options.now(), providers, limit });
  }

  /** A project's that are under way at a provider. */
  openAt(project: string, provider: string): Promise<ProviderBatch[]> {
    return openBatchesAt(this.#options.clickhouse, project, provider);
  }

  /** Takes it for `leaseMs`, again where it has it already. null where another process was faster, or it is over. */
  async take(batch: ProviderBatch): Promise<ProviderBatch | null> {
    const { holder, now } = this.#options;
    await this.#note({ ...batch, holder, nextMs: now() + this.leaseMs });
    const current = await batchOfCall(this.#options.clickhouse, batch.project, batch.callId);
    return current && current.holder === holder && (current.state === 'asked' || current.state === 'open') ? current : null;
  }

  async #note(batch: ProviderBatch): Promise<ProviderBatch> {
    await noteBatch(this.#options.clickhouse, batch, this.#options.now());
    return batch;
  }
}

/** Unix seconds, as providers say it; else as it was. */
function untilOf({ createdMs, untilMs }: ProviderBatch, expiresAt: unknown): number {
  return typeof expiresAt === 'number' && expiresAt > 0 ? Math.min(expiresAt * 1000 + GRACE_MS, createdMs + LONGEST_MS) : untilMs;
}
