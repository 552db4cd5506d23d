import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { JudgeActivities, JudgedShard } from '../activities/judge-dataset.ts';
import { JudgeDatasetInput, type Judgement, type JudgementCounts } from '../contracts/dataset-judging.ts';
import { SPLITS } from '../contracts/datasets.ts';
import { MESSAGES, SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { startingJudgement } from '../core/dataset/starting-judgement.ts';
import { failureSentence, failureType, parseInput } from './failures.ts';

const { planJudgement, recordJudgement } = proxyActivities<JudgeActivities>({
  // Some queries or an insert, each of seconds.
  startToCloseTimeout: '30 seconds',
  // For ever: while ClickHouse or the gateway is down the run waits. A refusal is marked as final by its code.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

const { judgeRows } = proxyActivities<JudgeActivities>({
  // A shard takes minutes; a provider that is throttled hard may take hours.
  startToCloseTimeout: '12 hours',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // Each attempt goes on where the last one stopped and is patient itself: this many mean that the judge is gone.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 20 },
  // What is in flight is answered and journalled before a cancellation is complete.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Rows a shard: a million rows are a thousand activities, which a history holds. */
const SHARD_ROWS = 1_000;

const stateQuery = defineQuery<Judgement>(MESSAGES.state);

/** Has a judge score every row of a dataset version. Answers with the run's state. */
export async function judgeDataset(raw: unknown): Promise<Judgement> {
  const input = parseInput(JudgeDatasetInput, raw);
  const { workflowId, runId, runStartTime } = workflowInfo();
  const name = workflowId
    .split('/')
    .at(-1)!
    .replaceAll(/[^A-Za-z0-9._-]/g, '-')
    .slice(0, 64);
  const at = runStartTime.toISOString();
  const state = startingJudgement(input, { name, workflowId, runId, at });
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.project, 'KEYWORD'), value: input.project }]);
  setHandler(stateQuery, () => state, {
    description: 'The whole state of the run, as GET /api/datasets/{name}/judgements/{judgement} shows it.',
  });
  try {
    await recordJudgement({ state });
    const plan = await planJudgement({ input, name, runId, at });
    state.version = plan.version;
    for (const split of SPLITS) {
      for (let from = 0; from < plan.rows[split]; from += SHARD_ROWS) {
        const shard = { plan, split, from, to: Math.min(from + SHARD_ROWS, plan.rows[split]), asks: !state.capReached };
        take(state, await judgeRows(shard));
      }
    }
    close(state, 'completed', null);
    await recordJudgement({ state });
    return state;
  } catch (error) {
    const cancelled = isCancellation(error);
    await CancellationScope.nonCancellable(async () => {
      close(state, cancelled ? 'cancelled' : 'failed', cancelled ? null : failureSentence(error));
      await recordJudgement({ state });
    });
    if (cancelled) throw error;
    throw ApplicationFailure.nonRetryable(state.error ?? 'the run failed', failureType(error));
  }
}

function take(state: Judgement, { counts, capReached, spentUsd }: JudgedShard): void {
  for (const name of Object.keys(state.counts) as (keyof JudgementCounts)[]) state.counts[name] += counts[name];
  state.capReached ||= capReached;
  state.spentUsd = spentUsd;
  touch(state);
}

function close(state: Judgement, status: Judgement['status'], error: string | null): void {
  state.status = status;
  state.error = error;
  state.endedAt = new Date().toISOString();
  touch(state);
}

function touch(state: Judgement): void {
  state.updatedAt = new Date().toISOString();
  const { rows, judged, kept, dropped, unparsed, unasked } = state.counts;
  setCurrentDetails(
    `**${state.status}** · $${state.spentUsd.toFixed(4)}: of ${rows} rows ${judged} judged (${kept} keep, ${dropped} drop), ${unparsed} unreadable, ${unasked} not asked.`,
  );
}
