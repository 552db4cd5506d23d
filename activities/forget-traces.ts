import type { Forgetting, ForgottenCounts } from '../contracts/forget.ts';
import type { ArtifactStore } from '../store/artifacts/artifact-store.ts';
import { readForgetRequest, recordForgetting } from '../store/artifacts/forget-artifacts.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { countForgotten, findForgotten, noteForgotten } from '../store/clickhouse/forget.ts';
import { forgetEverywhere } from '../store/forget-everywhere.ts';
import { withHeartbeat } from './heartbeat.ts';

/** A mutation writes parts anew. */
const STALL_MS = 30 * 60_000;

export interface ForgetTask {
  project: string;
  name: string;
}

/** What the `forgetTraces` workflow is made of. */
export type ForgetActivities = ReturnType<typeof createForgetActivities>;

export function createForgetActivities({
  clickhouse,
  artifacts,
  now,
}: {
  clickhouse: ClickHouseClient;
  artifacts: ArtifactStore;
  now: () => number;
}) {
  return {
    /** Puts on record what is to be forgotten, and finds what belongs to it. Safe to retry: notes are a set. */
    markForgotten: ({ project, name }: ForgetTask): Promise<ForgottenCounts> =>
      withHeartbeat(STALL_MS, async ({ signal }) => {
        const asked = await readForgetRequest(artifacts, project, name);
        if (asked) await noteForgotten(clickhouse, project, asked.request, asked.startedAt);
        await findForgotten(clickhouse, project, signal);
        return countForgotten(clickhouse, project);
      }),

    /** Removes it. Safe to retry: it removes what is left. */
    removeForgotten: ({ project }: ForgetTask): Promise<number> =>
      withHeartbeat(STALL_MS, async ({ progress, signal }) => {
        const moved = (removed: number) => {
          signal.throwIfAborted();
          progress({ removed });
        };
        return (await forgetEverywhere(clickhouse, artifacts, project, moved)).artifacts;
      }),

    /** Records how it ended. Safe to retry: the first report stays. */
    async endForgetting({ project, report }: { project: string; report: Omit<Forgetting, 'endedAt'> }): Promise<void> {
      await recordForgetting(artifacts, project, { ...report, endedAt: new Date(now()).toISOString() });
    },
  };
}
