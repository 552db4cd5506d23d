import type { Dataset, DatasetRow, Split } from '../../contracts/datasets.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { type DatasetVersion, readDatasetRows } from '../../store/clickhouse/datasets.ts';

const PAGE_ROWS = 1_000;

/** The rows of a split in pages, in the order of their positions. */
export async function* rowPages(
  clickhouse: ClickHouseClient,
  of: { run: { project: string }; dataset: DatasetVersion; rows: Dataset['rows'] },
  split: Split,
): AsyncGenerator<DatasetRow[]> {
  for (let from = 0; from < of.rows[split]; from += PAGE_ROWS)
    yield readDatasetRows(clickhouse, of.run.project, of.dataset, { split, from, to: from + PAGE_ROWS });
}
