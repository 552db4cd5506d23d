import type { Logger } from '../../platform/logger.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import type { BatchRecords } from './batch-records.ts';

interface PollerOptions {
  records: Pick<BatchRecords, 'take' | 'leaseMs' | 'pollMs'>;
  /** At most so many that are due. */
  due: (limit: number) => Promise<ProviderBatch[]>;
  look: (batch: ProviderBatch) => Promise<void>;
  log: Logger;
}

/** Looks at batches that are due, this process among all. */
export interface BatchPoller {
  /** One that somebody has heard of: now, and not before it is due. Never rejects. */
  look(batch: ProviderBatch): Promise<void>;
  /** Lets the looks that are under way end, for at most that long. */
  close(graceMs: number): Promise<void>;
}

/** So many are looked at, one after the other, before it is asked anew which are due. */
const AT_ONCE = 20;

/** Asks now and then which batches are due, and looks at each. */
export function pollBatches({ records, due: dueNow, look, log }: PollerOptions): BatchPoller {
  const looking = new Map<string, Promise<void>>();
  let closed = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;
  const lookOnce = async (batch: ProviderBatch) => {
    // A large file takes longer to read than anybody has a batch for.
    const renewing = setInterval(() => void records.take(batch).catch(() => undefined), records.leaseMs / 2).unref();
    try {
      await look(batch);
    } catch (error) {
      log.warn({ batch: batch.id, reason: (error as Error).message }, 'a batch could not be looked at; it is tried again');
    } finally {
      clearInterval(renewing);
      looking.delete(batch.callId);
    }
  };
  const begin = (batch: ProviderBatch): Promise<void> => {
    if (closed) return Promise.resolve();
    let one = looking.get(batch.callId);
    if (!one) looking.set(batch.callId, (one = lookOnce(batch)));
    return one;
  };
  const poll = async () => {
    try {
      // What can't be noted as taken stays due: without this it would be tried again without a pause.
      const tried = new Set<string>();
      while (!closed) {
        const due = await dueNow(AT_ONCE);
        const fresh = due.filter(({ callId }) => !tried.has(callId));
        for (const batch of fresh) {
          tried.add(batch.callId);
          await begin(batch);
        }
        if (fresh.length === 0 || due.length < AT_ONCE) break;
      }
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ reason: (error as Error).message }, 'batches cannot be looked for now; it is tried again');
      failing = true;
    }
    if (!closed) timer = setTimeout(() => void poll(), records.pollMs * (0.5 + Math.random())).unref();
  };
  void poll();
  return {
    look: begin,
    async close(graceMs) {
      closed = true;
      clearTimeout(timer);
      const late = new Promise<void>((resolve) => setTimeout(resolve, graceMs).unref());
      await Promise.race([Promise.allSettled(looking.values()), late]);
    },
  };
}
