import type { Caller } from '../keys/caller.ts';
import type { BatchRecords, NewBatch } from '../batches/batch-records.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import type { Reservation } from '../limits/budgets.ts';
import { jsonObject, type ProviderObjects } from './objects.ts';
import type { PassedCall } from './passing.ts';

/** After these a provider has surely made no batch. */
const UNMADE = new Set<ErrorCode>(['upstream_unreachable', 'provider_key_missing']);

interface BegunParts {
  plane: Pick<DataPlane, 'limits'>;
  objects: ProviderObjects;
  batches: BatchRecords;
}

/** A batch that is being made: what it may cost is held before its provider is asked, and for as long as it may be there. */
export class BegunBatch {
  readonly #parts: BegunParts;
  readonly #caller: Caller;
  #hold: Reservation | null = null;
  #batch: ProviderBatch | null = null;

  constructor(parts: BegunParts, caller: Caller) {
    this.#parts = parts;
    this.#caller = caller;
  }

  /** Throws `budget_exceeded` where it does not fit, `unavailable` where it can't be put on record. */
  async asked({ id, beganAt }: PassedCall, lines: Omit<NewBatch, 'callId' | 'createdMs'>): Promise<void> {
    const { plane, batches } = this.#parts;
    this.#hold = await plane.limits.hold(this.#caller, { id, beganAt, worstUsd: () => lines.worstUsd });
    try {
      this.#batch = await batches.asked(this.#caller, { callId: id, createdMs: beganAt, ...lines });
    } catch (error) {
      this.#hold?.settle(0);
      throw error;
    }
  }

  /** Its provider has made it. Throws as `ProviderObjects.made`. */
  async made(provider: string, text: string): Promise<void> {
    const { objects, batches } = this.#parts;
    await objects.made(this.#caller, 'batch', provider, text);
    const { id, expires_at: expiresAt } = jsonObject(text)!;
    this.#batch = await batches.open(this.#batch!, id as string, expiresAt);
  }

  /**
   * The call is over. Where its provider may have made a batch that nobody has heard of, it goes on being looked for, and held; else nothing
   * is.
   */
  async over(call: PassedCall | null): Promise<void> {
    const batch = this.#batch;
    if (!batch) return;
    if (batch.state === 'asked' && (call?.attempts ?? []).every(({ status, error_class: errorClass }) => isUnmade(status, errorClass))) {
      // What can't be noted now is found out later.
      await this.#parts.batches.none(batch).catch(() => undefined);
      this.#hold?.settle(0);
      return;
    }
    this.#hold?.note();
  }
}

/** Whether an attempt has surely made none: the provider refused, or was not reached. */
function isUnmade(status: number, errorClass: string): boolean {
  return (status >= 400 && status < 500 && status !== 408) || UNMADE.has(errorClass as ErrorCode);
}
