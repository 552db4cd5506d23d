import type { Spent } from '../../contracts/keys.ts';
import { spendByKey } from '../../store/clickhouse/spend.ts';
import { beginOf, endOf, periodsOf } from '../limits/periods.ts';
import type { ApiDeps } from './dependencies.ts';
import { unlessDown } from './outages.ts';

/** What the keys of a project spent, and all of it; null while ClickHouse is down. */
export async function spentIn(
  deps: Pick<ApiDeps, 'clickhouse' | 'now'>,
  project: string,
): Promise<{ byKey: ReadonlyMap<string, Spent>; total: Spent } | null> {
  const { day: today, month } = periodsOf(deps.now());
  const rows = await unlessDown(() => spendByKey(deps.clickhouse, project, { from: beginOf(month), until: endOf(month) }), null);
  if (rows === null) return null;
  const byKey = new Map<string, Spent>();
  const total = { ...NOTHING_SPENT };
  for (const { keyId, day, usd, unpriced } of rows) {
    const ofKey = byKey.get(keyId) ?? { ...NOTHING_SPENT };
    byKey.set(keyId, ofKey);
    for (const sum of [ofKey, total]) {
      sum.monthUsd += usd;
      if (day === today) sum.todayUsd += usd;
      sum.unpricedCalls += unpriced;
    }
  }
  return { byKey, total };
}

/** Of a key that has not been used this month. */
export const NOTHING_SPENT: Readonly<Spent> = Object.freeze({ todayUsd: 0, monthUsd: 0, unpricedCalls: 0 });
