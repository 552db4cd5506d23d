import { randomUUID } from 'node:crypto';
import type { Logger } from '../../platform/logger.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { heldBatches } from '../../store/clickhouse/provider-batches.ts';
import { spendByKey } from '../../store/clickhouse/spend.ts';
import type { ProjectSnapshots } from '../aliases/snapshot-holder.ts';
import { Budgets } from './budgets.ts';
import { createCallLimits, type CallLimits } from './call-limits.ts';
import { createRateLimits } from './rate-limits.ts';
import { RecordedSpend } from './recorded-spend.ts';
import { SharedBudgets } from './shared-budgets.ts';
import { SpoolReader } from './spool-spend.ts';
import type { ValkeyConnection } from './valkey.ts';

/** What limits need of a gateway. */
export interface CallLimitsOptions {
  snapshots: ProjectSnapshots;
  clickhouse: ClickHouseClient;
  /** The home's spool folder. */
  spool: string;
  /** Closed with the limits; null without `VALKEY_URL`. */
  valkey: ValkeyConnection | null;
  /** Whether this is one of several processes of a gateway. */
  clustered: boolean;
  log: Logger;
}

/** Limits and budgets of a gateway process, shared through Valkey where there is one. */
export function openCallLimits({ snapshots, clickhouse, spool, valkey, clustered, log }: CallLimitsOptions): CallLimits {
  const recorded = new RecordedSpend({
    source: (project, query) => spendByKey(clickhouse, project, query),
    batches: () => heldBatches(clickhouse),
    spools: new SpoolReader(spool),
    now: Date.now,
  });
  const shared = valkey && new SharedBudgets(valkey, { process: randomUUID(), now: Date.now });
  const budgets = new Budgets({ snapshots, recorded, shared, log });
  return createCallLimits({ rates: createRateLimits({ valkey, clustered }), budgets, valkey });
}
