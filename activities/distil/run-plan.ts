import type { Dataset, Task } from '../../contracts/datasets.ts';
import type { Price } from '../../core/candidates/call-bounds.ts';

/** Which run a stage works for. */
export interface RunIdentity {
  project: string;
  /** Name of the distillation. */
  distillation: string;
  /** Temporal's run id. */
  runId: string;
}

/** What a run works with, settled before money is spent. Numbers and names only. */
export interface RunPlan {
  run: RunIdentity;
  dataset: { name: string; version: number; hash: string };
  task: Task;
  /** Label tasks: the closed set, or the answers seen. */
  labels: string[];
  rows: Dataset['rows'];
  teacher: string;
  price: Price;
  nSamples: number;
  keepBest: number;
  temperature: number;
  useGold: boolean;
  /** Sent with every call. */
  maxAnswerTokens: number;
  maxUsd: number;
  /** Of the cap, what is kept for the test rows' fresh references, and answers of a teacher that was not asked before. */
  reservedUsd: number;
  /** Test rows with gold and a recorded answer of the teacher; for all others the teacher is asked. */
  goldTestRows: number;
  /** US dollars per CPU core and hour, for the student's price. */
  usdPerCoreHour: number;
  warnings: string[];
}
