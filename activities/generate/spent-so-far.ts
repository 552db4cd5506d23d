import { candidateSpend } from '../../store/clickhouse/candidates.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { pipelineSpend } from '../../store/clickhouse/traces.ts';
import type { RunIdentity } from '../distil/run-plan.ts';

/** What a run's calls have cost up to now: journalled answers, and calls that were cut off, as their traces say; how many say nothing. */
export async function spentSoFar(clickhouse: ClickHouseClient, run: RunIdentity): Promise<{ usd: number; unpriced: number }> {
  const [journalled, traced] = await Promise.all([
    candidateSpend(clickhouse, run.project, run),
    pipelineSpend(clickhouse, run.project, run),
  ]);
  return { usd: Math.max(journalled.usd, traced.usd), unpriced: traced.unpriced };
}
