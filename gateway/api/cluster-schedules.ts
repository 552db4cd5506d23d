import {
  type Client,
  ScheduleAlreadyRunning,
  type ScheduleDescription,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
} from '@temporalio/client';
import { type ClusterSchedule, type ClusterScheduleRequest, ClusterRequest, ClusterTracesInput } from '../../contracts/clusters.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { clusterScope } from '../../platform/content-hash.ts';
import { refuseWhatCannotRun } from './cluster-start.ts';
import type { ApiDeps } from './dependencies.ts';
import { CHANGE_TIMEOUT_MS, READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';

const MINUTE_MS = 60_000;
/** Runs that were missed while Temporal was down are made up for once, not one by one. */
const CATCH_UP = '10 minutes';
const Scheduled = ClusterRequest.omit({ name: true });

/** Makes, changes or ends the schedule of this mode and these traces; null: it has ended. */
export async function putClusterSchedule(
  deps: ApiDeps,
  project: string,
  { everyMinutes, request }: ClusterScheduleRequest,
): Promise<ClusterSchedule | null> {
  const input = ClusterTracesInput.parse({ ...request, project });
  if (everyMinutes > 0) await refuseWhatCannotRun(deps, input);
  const id = workflowIds.clusterTraces(project, `${request.mode}-${clusterScope(request.source)}`);
  return withTemporal(deps, CHANGE_TIMEOUT_MS, async (client) => {
    const handle = client.schedule.getHandle(id);
    if (everyMinutes === 0) {
      await handle.delete().catch(unlessGone);
      return null;
    }
    const schedule = scheduleOf(id, everyMinutes, input);
    try {
      await client.schedule.create({ scheduleId: id, ...schedule });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await handle.update((before) => ({ ...schedule, state: before.state }));
    }
    return viewOf(await handle.describe());
  });
}

/** The project's schedules. One that was only just made may be missing: Temporal lists them a moment later. */
export async function clusterSchedules(deps: ApiDeps, project: string): Promise<ClusterSchedule[]> {
  const prefix = workflowIds.clusterTraces(project, '');
  return withTemporal(deps, READ_TIMEOUT_MS, async (client) => {
    const schedules: ClusterSchedule[] = [];
    for await (const { scheduleId } of client.schedule.list()) {
      if (!scheduleId.startsWith(prefix)) continue;
      const found = await describe(client, scheduleId);
      if (found) schedules.push(viewOf(found));
    }
    return schedules.sort((a, b) => (a.id < b.id ? -1 : 1));
  });
}

function scheduleOf(id: string, everyMinutes: number, input: ClusterTracesInput) {
  return {
    spec: { intervals: [{ every: everyMinutes * MINUTE_MS }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType: WORKFLOWS.clusterTraces,
      workflowId: id,
      taskQueue: QUEUES.main,
      args: [input],
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP },
  };
}

async function describe(client: Client, id: string): Promise<ScheduleDescription | null> {
  return (await client.schedule.getHandle(id).describe().catch(unlessGone)) ?? null;
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}

function viewOf({ scheduleId, spec, action, info }: ScheduleDescription): ClusterSchedule {
  const { name: _, project: __, ...request } = ClusterTracesInput.parse(action.args?.[0] ?? {});
  return {
    id: scheduleId,
    everyMinutes: Math.round(Number(spec.intervals?.[0]?.every ?? 0) / MINUTE_MS),
    request: Scheduled.parse(request),
    nextAt: info.nextActionTimes[0]?.toISOString() ?? null,
  };
}
