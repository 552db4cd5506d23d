import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

const COSTS = defineQuery({
  name: 'cost and latency of traces',
  sql: `SELECT id, cost_usd, latency_ms FROM ${TABLES.traces} WHERE project = {project:String}
    AND ts BETWEEN fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND id IN {ids:Array(UUID)}`,
  parameters: z.object({ project: z.string(), ids: z.array(z.uuid()), from: z.number(), to: z.number() }),
  row: z.object({ id: z.string(), cost_usd: z.number().nullable(), latency_ms: z.number() }),
});

/** What one recorded call cost and how long it took. */
export interface TraceCost {
  /** null = unpriced. */
  costUsd: number | null;
  latencyMs: number;
}

/** Cost and latency of traces by their ids (UUIDv7); ids that are not stored are not in the answer. */
export async function costsOfTraces(client: ClickHouseClient, project: string, ids: readonly string[]): Promise<Map<string, TraceCost>> {
  const costs = new Map<string, TraceCost>();
  const known = [...new Set(ids)].filter((id) => z.uuid().safeParse(id).success).sort();
  // 500 ids a query: they travel in the URL. Sorted, so that each query's span of time is short.
  for (let at = 0; at < known.length; at += 500) {
    const some = known.slice(at, at + 500);
    const times = some.map((id) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
    const rows = await runQuery(client, COSTS, { project, ids: some, from: Math.min(...times), to: Math.max(...times) });
    for (const row of rows) costs.set(row.id, { costUsd: row.cost_usd, latencyMs: row.latency_ms });
  }
  return costs;
}
