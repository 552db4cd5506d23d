import type { GenerateInput, GenerateResult } from '../activities/generate-candidates.ts';
import type { RunPlan } from '../activities/distil/run-plan.ts';
import type { Split } from '../contracts/datasets.ts';
import type { Stage } from '../contracts/distil.ts';
import { teacher } from './distil-activities.ts';
import type { RunControl } from './distil-control.ts';
import type { RunState } from './distil-state.ts';

/** Rows of a shard: what a pause waits for at most, and what a retry looks through again. */
const SHARD_ROWS = 250;
/** Larger runs take several shards an activity: each costs six events of a history that stays under 2,000. */
const MOST_ACTIVITIES = 80;
/** Progress is recorded this often at most. */
const PROGRESS_RECORDS = 15;

/** What the samples of all shards came to. */
export type Generated = Omit<GenerateResult, 'spentUsd'>;

/** Has the teacher answer the rows of some splits, shard after shard, until all are done or the cap is reached. */
export async function generateShards(
  run: RunState,
  control: RunControl,
  plan: RunPlan,
  what: { stage: Stage; purpose: GenerateInput['purpose']; splits: Split[] },
): Promise<Generated> {
  const shards = shardsOf(plan, what.splits);
  const total = shards.reduce((sum, shard) => sum + shard.to - shard.from, 0);
  const sum: Generated = { rows: 0, journalled: 0, reused: 0, lost: 0, capReached: false };
  Object.assign(run.stage(what.stage), { done: 0, total });
  let recorded = 0;
  // What was paid for besides calls is no longer there for them.
  const capped = { ...plan, maxUsd: plan.maxUsd - run.chargedUsd };
  for (const shard of shards) {
    const result = await control.interruptible(() => teacher.generateCandidates({ plan: capped, purpose: what.purpose, ...shard }));
    for (const field of ['rows', 'journalled', 'reused', 'lost'] as const) sum[field] += result[field];
    run.state.spentUsd = Math.max(run.state.spentUsd, result.spentUsd + run.chargedUsd);
    const isLast = shard === shards.at(-1);
    if (!isLast && (sum.rows / total) * PROGRESS_RECORDS >= recorded + 1) {
      recorded = Math.floor((sum.rows / total) * PROGRESS_RECORDS);
      run.advance(what.stage, sum.rows);
      await control.record();
    } else run.stage(what.stage).done = sum.rows;
    if (!result.capReached) continue;
    sum.capReached = true;
    run.warn(
      `${what.stage}: the cap of $${plan.maxUsd} let no further call begin within row ${sum.rows} of ${total}; the run goes on with what is there.`,
    );
    break;
  }
  if (sum.lost > 0)
    run.warn(`${what.stage}: ${sum.lost} samples were not given by the teacher: it refused the prompt, or failed eight times.`);
  return sum;
}

function shardsOf(plan: RunPlan, splits: readonly Split[]): { split: Split; from: number; to: number }[] {
  const count = splits.reduce((sum, split) => sum + Math.ceil(plan.rows[split] / SHARD_ROWS), 0);
  const rows = SHARD_ROWS * Math.max(1, Math.ceil(count / MOST_ACTIVITIES));
  return splits.flatMap((split) =>
    Array.from({ length: Math.ceil(plan.rows[split] / rows) }, (_, i) => ({
      split,
      from: i * rows,
      to: Math.min((i + 1) * rows, plan.rows[split]),
    })),
  );
}
