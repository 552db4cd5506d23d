import { z } from 'zod';
import { TABLES } from '../../contracts/names.ts';
import type { ClickHouseClient } from './connection.ts';
import { defineQuery, runQuery } from './query.ts';

// Traces may be forgotten, or older than a project keeps them: what they cost stays spent. By the day before yesterday the roll-ups have
// all of a day, so that the greater of the two is what it cost. Of later days they may have segments that are left out here.
const SPEND = defineQuery({
  name: 'spend by key and day',
  sql: `SELECT key_id, day, max(usd) AS usd, max(unpriced) AS unpriced FROM (
      SELECT key_id, toDate(ts, 'UTC') AS day, sum(ifNull(cost_usd, 0) + ifNull(cost_estimated_usd, 0)) AS usd, countIf(cost_usd IS NULL) AS unpriced
      FROM ${TABLES.traces}
      WHERE project = {project:String} AND origin != 'import'
        AND ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({until:Int64}, 'UTC')
        AND segment_id NOT IN {withoutSegments:Array(String)}
      GROUP BY key_id, day
    UNION ALL
      SELECT key_id, usage.day AS day, sum(usage.cost_usd) AS usd, sum(usage.unpriced) AS unpriced
      FROM ${TABLES.usageDays} AS usage
      WHERE project = {project:String} AND origin != 'import'
        AND usage.day >= toDate(fromUnixTimestamp64Milli({from:Int64}, 'UTC')) AND usage.day < toDate(fromUnixTimestamp64Milli({until:Int64}, 'UTC'))
        AND usage.day < toDate(now('UTC')) - 1
      GROUP BY key_id, day
    ) GROUP BY key_id, day`,
  parameters: z.object({ project: z.string(), from: z.number(), until: z.number(), withoutSegments: z.array(z.string()).max(200) }),
  row: z.object({ key_id: z.string(), day: z.string(), usd: z.number().nullable(), unpriced: z.number() }),
});

/** What one key spent on one day. */
export interface DaySpend {
  keyId: string;
  /** UTC's, `YYYY-MM-DD`. */
  day: string;
  /** What is known and what is estimated. */
  usd: number;
  /** Calls whose price nobody knows: in `usd` they are with what is estimated of them, if anything is. */
  unpriced: number;
}

/** Milliseconds since 1970, whole days of UTC, the end left out. Rows that came with these segments (at most 200) are left out. */
export interface SpendQuery {
  from: number;
  until: number;
  withoutSegments?: readonly string[];
}

/** Spend of a project's calls by key and day, pipeline calls included, imported ones (paid elsewhere) not; interrupted ones by their estimate. */
export async function spendByKey(client: ClickHouseClient, project: string, query: SpendQuery): Promise<DaySpend[]> {
  const parameters = { project, from: query.from, until: query.until, withoutSegments: [...(query.withoutSegments ?? [])] };
  const rows = await runQuery(client, SPEND, parameters);
  return rows.map((row) => ({ keyId: row.key_id, day: row.day, usd: row.usd ?? 0, unpriced: row.unpriced }));
}
