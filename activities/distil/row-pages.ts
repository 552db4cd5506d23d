import type { DatasetRow, Split } from '../../contracts/datasets.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { readDatasetRows } from '../../store/clickhouse/datasets.ts';
import type { RunPlan } from './run-plan.ts';

const PAGE_ROWS = 1_000;

/** The rows of a split in pages, in the order of their positions. */
export async function* rowPages(clickhouse: ClickHouseClient, plan: RunPlan, split: Split): AsyncGenerator<DatasetRow[]> {
  for (let from = 0; from < plan.rows[split]; from += PAGE_ROWS)
    yield readDatasetRows(clickhouse, plan.run.project, plan.dataset, { split, from, to: from + PAGE_ROWS });
}
