import { type Client, WithStartWorkflowOperation, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { AliasVersion, routeOfAlias, type WeightedTarget } from '../contracts/aliases.ts';
import { Student } from '../contracts/distil.ts';
import { MESSAGES, QUEUES, WORKFLOWS, workflowIds } from '../contracts/names.ts';
import type { ClickHouseClient } from '../store/clickhouse/connection.ts';
import { versionsOf } from '../store/clickhouse/state-versions.ts';

export interface RegistryUpdateDeps {
  temporal: Client;
  clickhouse: ClickHouseClient;
}

/** A student to register; `requestId` is the same for every attempt. */
export interface RegisterStudentInput {
  project: string;
  requestId: string;
  student: Omit<Student, 'version'>;
}

export interface MoveAliasInput {
  project: string;
  requestId: string;
  alias: string;
  target: string;
  reason: string;
}

export interface MovedAlias {
  alias: string;
  before: string;
  after: string;
  version: number;
}

export type RegistryUpdateActivities = ReturnType<typeof createRegistryUpdateActivities>;

export function createRegistryUpdateActivities({ temporal, clickhouse }: RegistryUpdateDeps) {
  return {
    /** Puts a student into the registry. Safe to retry because the registry answers a request id once. */
    async registerStudent({ project, requestId, student }: RegisterStudentInput): Promise<Student> {
      return Student.parse(await sendUpdate(temporal, project, MESSAGES.putStudent, { requestId, student, actor: actorOf(student.name) }));
    },

    /**
     * Points an alias at a target with weight 1, keeping all else of its route. Where it has no fallback, those who answered
     * before become it: what the target can't do, or while it is down, nothing changes for the application. Safe to retry
     * because the registry answers a request id once, and what was before is read from the version before.
     */
    async moveAlias({ project, requestId, alias, target, reason }: MoveAliasInput): Promise<MovedAlias> {
      const newest = (await versionsOf(clickhouse, project, 'alias', alias)).at(-1);
      const route = newest ? routeOfAlias(AliasVersion.parse(newest.value)) : { fallbacks: [] };
      const change = {
        requestId,
        name: alias,
        alias: { ...route, fallbacks: fallbacksOf(route, target), targets: [{ target, weight: 1 }], reason },
        actor: actorOf(target),
      };
      const moved = AliasVersion.parse(await sendUpdate(temporal, project, MESSAGES.putAlias, change));
      const versions = await versionsOf(clickhouse, project, 'alias', alias);
      const earlier = versions.find((version) => version.version === moved.version - 1);
      const before = earlier ? AliasVersion.parse(earlier.value).targets.map((weighted) => weighted.target) : [];
      return { alias, before: before.join(', '), after: target, version: moved.version };
    },
  };
}

/** The route's own, else its targets, those with the most calls first. */
function fallbacksOf({ targets = [], fallbacks }: { targets?: readonly WeightedTarget[]; fallbacks: string[] }, moveTo: string): string[] {
  if (fallbacks.length > 0) return fallbacks;
  const before = targets.toSorted((a, b) => b.weight - a.weight).map((weighted) => weighted.target);
  return before.filter((target) => target !== moveTo);
}

function actorOf(what: string): string {
  return `distil:${what}`;
}

async function sendUpdate(
  client: Client,
  project: string,
  update: string,
  change: Record<string, unknown> & { requestId: string },
): Promise<unknown> {
  const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOWS.registry, {
    workflowId: workflowIds.registry(project),
    taskQueue: QUEUES.main,
    args: [{ project }],
    workflowIdConflictPolicy: 'USE_EXISTING',
  });
  const updateId = `${update}/${change.requestId}`;
  try {
    return await client.workflow.executeUpdateWithStart(update, { updateId, args: [change], startWorkflowOperation });
  } catch (error) {
    // The registry's own refusal keeps its code and its sentence.
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) throw error.cause;
    throw error;
  }
}
