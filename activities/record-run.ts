import { setTimeout as wait } from 'node:timers/promises';
import type { Distillation, DistillationEvent } from '../contracts/distil.ts';
import { candidateSpend } from '../store/clickhouse/candidates.ts';
import { candidatesWithoutTrace } from '../store/clickhouse/candidate-traces.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { appendDistillationEvents, recordDistillation } from '../store/clickhouse/distillations.ts';
import { pipelineSpend } from '../store/clickhouse/traces.ts';
import type { RunIdentity } from './distil/run-plan.ts';
import { withHeartbeat } from './heartbeat.ts';

const POLL_MS = 500;
const STALL_MS = 60_000;

export interface SettledSpend {
  usd: number;
  /** Journalled answers whose trace had not arrived in time; the sum is then the journal's where that is more. */
  missingTraces: number;
  /** Calls that the provider may have charged for, in no sum. */
  unknownCosts: number;
}

export type RecordRunActivities = ReturnType<typeof createRecordRunActivities>;

export function createRecordRunActivities(deps: { clickhouse: ClickHouseClient; now: () => number }) {
  const { clickhouse, now } = deps;
  return {
    /** Records a run's state and what happened. Safe to retry because both inserts carry a token of their content. */
    async recordRun({ state, events }: { state: Distillation; events: DistillationEvent[] }): Promise<void> {
      await appendDistillationEvents(clickhouse, state.project, state.name, state.runId, events);
      await recordDistillation(clickhouse, state);
    },

    /**
     * What the run has paid, as its traces say, calls that were cut off included. Traces are shipped within seconds of
     * their answer: those of the run's answers are waited for. Safe to retry because it only reads.
     */
    settleSpend: ({ run, waitMs }: { run: RunIdentity; waitMs: number }): Promise<SettledSpend> =>
      withHeartbeat(waitMs + STALL_MS, async ({ signal }) => {
        const { project } = run;
        let missing = await candidatesWithoutTrace(clickhouse, project, run);
        for (const end = now() + waitMs; missing > 0 && now() < end;) {
          await wait(POLL_MS, undefined, { signal });
          missing = await candidatesWithoutTrace(clickhouse, project, run);
        }
        const traced = await pipelineSpend(clickhouse, project, run);
        const journalled = await candidateSpend(clickhouse, project, run);
        return {
          usd: missing > 0 ? Math.max(traced.usd, journalled.usd) : traced.usd,
          missingTraces: missing,
          unknownCosts: traced.unpriced,
        };
      }),
  };
}
