import type { TraceRow } from '../../contracts/traces.ts';
import type { Logger } from '../../platform/logger.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import type { ProviderObjects } from '../passthrough/objects.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import type { Provider } from '../providers/provider.ts';
import { askBatch, type BatchObject, findBatch, hasEnded, usedBy } from './batch-asking.ts';
import type { BatchRecords } from './batch-records.ts';
import type { BatchShare } from './batch-results.ts';
import { batchTraces, worstShare } from './batch-traces.ts';

/** What a look at a batch needs. */
export interface SettlingParts {
  records: BatchRecords;
  objects: ProviderObjects;
  catalogue: Pick<Catalogue, 'passing'>;
  /** What the trace of the call that made a batch says of whose it is. */
  metadataOf: (batch: ProviderBatch) => Promise<Readonly<Record<string, string>>>;
  /** Stores a batch's traces once, whoever tries; whether it was this try. */
  store: (batch: ProviderBatch, rows: readonly TraceRow[]) => Promise<boolean>;
  /** Is told of each trace that this process has stored. */
  stored: (row: TraceRow) => void;
  now: () => number;
  log: Logger;
}

/**
 * One look at a batch. Where it has ended, what it used is stored as traces and only then noted as settled: a crash in between leaves it to
 * the next look, which stores the same traces under the same token, and so nothing. One that its provider says nothing more of, at the end
 * of its time, counts with all that it may have cost. Rejects where ClickHouse can't be asked.
 */
export async function lookAtBatch(parts: SettlingParts, due: ProviderBatch): Promise<void> {
  const taken = await parts.records.take(due);
  if (!taken) return;
  let batch = taken;
  const provider = parts.catalogue.passing().find(({ id }) => id === batch.provider);
  let failure = 'its provider is not configured';
  let ended: { object: BatchObject; shares: BatchShare[] } | null = null;
  if (provider) {
    try {
      if (batch.state === 'asked') {
        const found = await foundBatch(parts, provider, batch);
        if (!found) return;
        batch = found;
      }
      const object = await askBatch(provider, batch.id);
      await parts.objects.written(batch, provider.id, JSON.stringify(object));
      if (hasEnded(object)) ended = { object, shares: await usedBy(provider, batch, object) };
      else if (!isOver(parts, batch)) return void (await parts.records.later(batch, object['expires_at']));
      failure = 'it has not ended in its time';
    } catch (error) {
      failure = (error as Error).message;
    }
  }
  // Not in the attempt above: what keeps it from being stored now is no reason to take the worst case.
  if (ended) return settle(parts, batch, ended.object, ended.shares);
  if (isOver(parts, batch)) return giveUp(parts, batch, failure);
  parts.log.info({ batch: batch.id, provider: batch.provider, reason: failure }, 'how a batch stands can not be told now');
  await parts.records.later(batch);
}

function isOver({ now }: SettlingParts, { untilMs }: ProviderBatch): boolean {
  return now() > untilMs;
}

/** Of a call that was cut off: the batch that it made, put on record; null where there is none. */
async function foundBatch(parts: SettlingParts, provider: Provider, batch: ProviderBatch): Promise<ProviderBatch | null> {
  const found = await findBatch(provider, batch, (id) => parts.objects.isKnown(batch.project, 'batch', { provider: provider.id, id }));
  if (!found) {
    await parts.records.none(batch);
    return null;
  }
  await parts.objects.made(batch, 'batch', provider.id, JSON.stringify(found));
  parts.log.info(
    { batch: found['id'], provider: provider.id, call: batch.callId },
    'a batch whose call was cut off is found at its provider',
  );
  return parts.records.open(batch, found['id'] as string, found['expires_at']);
}

/** It counts with all that it may have cost: else a file that is deleted by other ways would be a way past a budget. */
async function giveUp(parts: SettlingParts, batch: ProviderBatch, why: string): Promise<void> {
  parts.log.warn({ batch: batch.id, provider: batch.provider, usd: batch.worstUsd, reason: why }, 'a batch counts with its worst case');
  await settle(parts, batch, {}, [worstShare(batch)], `What the batch cost is an estimate, the most that it may have: ${why}`);
}

async function settle(
  parts: SettlingParts,
  batch: ProviderBatch,
  object: BatchObject,
  shares: BatchShare[],
  estimated = '',
): Promise<void> {
  const status = typeof object['status'] === 'string' ? object['status'] : '';
  const end = { status, counts: object['request_counts'], estimated, metadata: await parts.metadataOf(batch) };
  const rows = batchTraces(batch, shares, end);
  if (await parts.store(batch, rows)) for (const row of rows) parts.stored(row);
  await parts.records.settled(batch);
}
