import type { Logger } from '../../platform/logger.ts';
import type { ArtifactStore } from '../../store/artifacts/artifact-store.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { tracesForgottenSince } from '../../store/clickhouse/forget.ts';
import { deleteTracesBefore } from '../../store/clickhouse/retention.ts';
import { deleteUnusedImages } from '../../store/images/unused-images.ts';
import type { SnapshotPoller } from '../aliases/snapshot-poller.ts';
import { keepForgettingKept } from '../cache/forget-kept.ts';
import type { DataPlane } from '../chat/data-plane.ts';
import { forgetLate } from './forget-late.ts';
import { keepRetention } from './retention.ts';

/** Deletes now and then what is too old, and what is forgotten and came late or is kept. Returns what ends it. */
export function keepDeleting(
  { artifacts, log }: { artifacts: ArtifactStore; log: Logger },
  {
    snapshots,
    idempotency,
    cache,
    conversations,
  }: Pick<DataPlane, 'idempotency' | 'cache' | 'conversations'> & { snapshots: SnapshotPoller },
  clickhouse: ClickHouseClient,
): () => void {
  const endRetention = keepRetention({
    projects: () => snapshots.projects(),
    daysOf: (project) => snapshots.current(project).retentionDays,
    // Parts are written anew meanwhile: it may take longer than a query.
    remove: async (project, before) => {
      const some = await deleteTracesBefore(clickhouse, project, before);
      await deleteUnusedImages(clickhouse, artifacts, project, before);
      return some;
    },
    forgetLate: (project) => forgetLate(clickhouse, artifacts, project),
    now: Date.now,
    log,
  });
  const endForgettingKept = keepForgettingKept({
    forgotten: (since) => tracesForgottenSince(clickhouse, since),
    keepers: [idempotency, cache, conversations],
    now: Date.now,
    log,
  });
  return () => {
    endRetention();
    endForgettingKept();
  };
}
