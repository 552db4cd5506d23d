import type { JudgeDatasetInput } from '../../contracts/dataset-judging.ts';
import type { Dataset, Task } from '../../contracts/datasets.ts';
import type { Price } from '../../core/candidates/call-bounds.ts';
import type { ClickHouseClient } from '../../store/clickhouse/connection.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';
import type { RunIdentity } from '../distil/run-plan.ts';

/** What is fixed before the first call, so that every attempt starts from the same. */
export interface JudgePlan {
  input: JudgeDatasetInput;
  version: number;
  run: RunIdentity;
  /** When the run began: of two verdicts on a row the later run's counts. */
  at: string;
  task: Task;
  labels: string[];
  rows: Dataset['rows'];
  price: Price;
}

/** What judging works with. */
export interface JudgeDeps {
  clickhouse: ClickHouseClient;
  gateway: GatewayAccess;
  /** Milliseconds since 1970. */
  now: () => number;
}
