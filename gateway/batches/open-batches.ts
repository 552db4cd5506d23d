import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { ProviderBatch } from '../../store/clickhouse/provider-batches.ts';
import { getTrace, insertTracesOnce } from '../../store/clickhouse/traces.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import { jsonObject, type ProviderObjects } from '../passthrough/objects.ts';
import { hasEnded } from './batch-asking.ts';
import { pollBatches } from './batch-poller.ts';
import { BatchRecords } from './batch-records.ts';
import { lookAtBatch } from './settle-batch.ts';

interface BatchOptions {
  plane: DataPlane;
  objects: ProviderObjects;
  clickhouse: ClickHouseClient;
  pollMs: number;
}

/** Batches of a gateway process: what is on record of them, and who looks how they stand. */
export interface Batches {
  records: BatchRecords;
  /** A provider has said how one stands, to whomever: where it has ended it is looked at now. Nobody waits for it. */
  heardOf(project: string, provider: string, batchText: string): void;
  /** Looks at those of a project that are under way at a provider: one of their files is about to go. Nobody waits for it for long. */
  settle(project: string, provider: string): Promise<void>;
  close(graceMs: number): Promise<void>;
}

/** A file that somebody wants to have deleted stays for so long, where a batch of which it may be can't be settled. */
const SETTLE_MS = 10_000;

/** Looks at batches from now on. */
export function openBatches({ plane, objects, clickhouse, pollMs }: BatchOptions): Batches {
  const { catalogue, tracer, metrics, now, log } = plane;
  const holder = randomUUID();
  const records = new BatchRecords({ clickhouse, holder, pollMs, now });
  const parts = {
    records,
    objects,
    catalogue,
    // Shipped long ago, unless its spool waits: then the batch has none.
    metadataOf: async ({ project, callId }) => (await getTrace(clickhouse, project, callId))?.metadata ?? {},
    store: ({ project, callId }, rows) => {
      const redaction = tracer.redactionOf(project);
      const stored = redaction ? rows.map((row) => redaction.row(row)) : rows;
      // Its own name for each try tells whose rows are there.
      return insertTracesOnce(clickhouse, stored, { token: `batch-${project}/${callId}`, segmentId: `batch-${callId}-${randomUUID()}` });
    },
    stored: (row) => metrics.used(row),
    now,
    log,
  } satisfies Parameters<typeof lookAtBatch>[0];
  const due = (limit: number) => {
    const providers = catalogue.passing().map(({ id }) => id);
    return records.due(providers, limit);
  };
  const poller = pollBatches({ records, due, look: (batch) => lookAtBatch(parts, batch), log });
  /** A list shows a hundred batches at once: what of them is under way is asked for once. */
  const open = new Map<string, Promise<ProviderBatch[]>>();
  const openAt = (project: string, provider: string): Promise<ProviderBatch[]> => {
    const name = `${project}/${provider}`;
    let asked = open.get(name);
    if (!asked) {
      open.set(name, (asked = records.openAt(project, provider)));
      asked.finally(() => open.delete(name)).catch(() => undefined);
    }
    return asked;
  };
  return {
    records,
    heardOf(project, provider, batchText) {
      const said = jsonObject(batchText);
      const id = said?.['id'];
      if (!said || typeof id !== 'string' || !hasEnded(said)) return;
      openAt(project, provider).then(
        (batches) => batches.filter((batch) => batch.id === id).forEach((batch) => void poller.look(batch)),
        // The poller finds it.
        () => undefined,
      );
    },
    async settle(project, provider) {
      const batches = await records.openAt(project, provider);
      if (batches.length > 0) await Promise.race([Promise.all(batches.map(poller.look)), delay(SETTLE_MS, undefined, { ref: false })]);
    },
    close: (graceMs) => poller.close(graceMs),
  };
}
