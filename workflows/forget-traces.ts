import { CancellationScope, isCancellation, proxyActivities, setCurrentDetails, sleep, workflowInfo } from '@temporalio/workflow';
import type { ForgetActivities } from '../activities/forget-traces.ts';
import type { Forgetting, ForgottenCounts } from '../contracts/forget.ts';
import { failureSentence } from './failures.ts';

const { markForgotten, removeForgotten } = proxyActivities<ForgetActivities>({
  // Mutations write whole parts anew.
  startToCloseTimeout: '12 hours',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // For ever: what was promised to be forgotten is.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

const { endForgetting } = proxyActivities<ForgetActivities>({
  startToCloseTimeout: '30 seconds',
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** Calls in flight, and in a spool: most have arrived by then. What comes later every gateway looks for once an hour. */
const SETTLE_MS = 60_000;

/**
 * Forgets calls wherever they are: noted by id and hash, then removed, then looked for once more. Who it is about stands in an
 * artifact that goes with the end; nothing of it passes through here.
 */
export async function forgetTraces({
  project,
  name,
  settleMs = SETTLE_MS,
}: {
  project: string;
  name: string;
  settleMs?: number;
}): Promise<Forgetting> {
  const task = { project, name };
  const startedAt = workflowInfo().runStartTime.toISOString();
  const ended = { name, startedAt, endedAt: null };
  try {
    // Not to be cancelled: what was asked is on record from here on, and every gateway goes by it.
    const counts = await CancellationScope.nonCancellable(() => markForgotten(task));
    setCurrentDetails(`Forgetting ${counts.traces} calls.`);
    let artifacts = await removeForgotten(task);
    await sleep(settleMs);
    const late = await markForgotten(task);
    artifacts += await removeForgotten(task);
    const report: Forgetting = { ...ended, status: 'completed', counts: sum(counts, late), artifacts, error: null };
    await endForgetting({ project, report });
    return report;
  } catch (error) {
    const sentence = isCancellation(error) ? 'It was cancelled; what was noted is still removed, within the hour.' : failureSentence(error);
    const report: Forgetting = { ...ended, status: 'failed', counts: null, artifacts: null, error: sentence };
    await CancellationScope.nonCancellable(() => endForgetting({ project, report }));
    throw error;
  }
}

function sum(a: ForgottenCounts, b: ForgottenCounts): ForgottenCounts {
  return {
    traces: a.traces + b.traces,
    pipelineTraces: a.pipelineTraces + b.pipelineTraces,
    feedback: a.feedback + b.feedback,
    datasetRows: a.datasetRows + b.datasetRows,
  };
}
