import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { JudgeDatasetInput, type Judgement, type JudgeRequest } from '../../contracts/dataset-judging.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { startingJudgement } from '../../core/dataset/starting-judgement.ts';
import { judgementName } from '../../platform/content-hash.ts';
import { listJudgements } from '../../store/clickhouse/dataset-judgements.ts';
import { findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { nameNearest } from './near-misses.ts';
import { unlessDown } from './outages.ts';
import { stateOfRecordedRun } from './recorded-run.ts';
import { refuseImpossibleTarget } from './target-check.ts';
import { CHANGE_TIMEOUT_MS, READ_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { describeRun, inputOfRun } from './workflow-runs.ts';

/** Starts a judge's run, or joins the one of the same request: what it has said stands. */
export async function startJudgement(
  deps: ApiDeps,
  of: { project: string; dataset: string; version: number | undefined },
  request: JudgeRequest,
): Promise<Judgement> {
  refuseImpossibleTarget(deps, of.project, request.model, 'model');
  const { status, version } = await findUsableDataset(deps, of.project, of.dataset, of.version);
  if (status !== 'ready') throw new StillhouseError('conflict', `Dataset "${of.dataset}" is ${status}; there are no rows to judge.`);
  const input = JudgeDatasetInput.parse({ ...request, ...of, version });
  const name = judgementName(input);
  const before = await judgementState(deps, of.project, of.dataset, name);
  if (before && stands(before)) return before;
  return withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => launch(deps, client, input, name));
}

/** What an equal request joins. A run whose judge failed on rows is worth another; one that its cap ended would spend that again. */
function stands({ status, capReached, counts }: Judgement): boolean {
  return status === 'running' || (status === 'completed' && (capReached || counts.unasked === 0));
}

/** Ends a run; calls in flight are answered and journalled first. */
export async function cancelJudgement(deps: ApiDeps, project: string, dataset: string, name: string): Promise<Judgement> {
  const before = await findJudgement(deps, project, dataset, name);
  if (before.status !== 'running')
    throw new StillhouseError('conflict', `Judgement "${name}" is ${before.status}: there is nothing to cancel.`, { param: 'judgement' });
  await withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => client.workflow.getHandle(before.workflowId).cancel());
  return findJudgement(deps, project, dataset, name);
}

async function launch(deps: ApiDeps, client: Client, input: JudgeDatasetInput, name: string): Promise<Judgement> {
  const workflowId = workflowIds.judgeDataset(input.project, input.dataset, name);
  try {
    const { firstExecutionRunId: runId } = await client.workflow.start(WORKFLOWS.judgeDataset, {
      workflowId,
      taskQueue: QUEUES.main,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    });
    return startingJudgement(input, { name, workflowId, runId, at: new Date(deps.now()).toISOString() });
  } catch (error) {
    // two requests at once: the other one was first
    const other =
      error instanceof WorkflowExecutionAlreadyStartedError ? await judgementState(deps, input.project, input.dataset, name) : null;
    if (other) return other;
    throw error;
  }
}

/** The state of a judge's run; `not_found` with the nearest names. */
export async function findJudgement(deps: ApiDeps, project: string, dataset: string, name: string): Promise<Judgement> {
  const found = await judgementState(deps, project, dataset, name);
  if (found) return found;
  const known = (await listJudgements(deps.clickhouse, project, dataset)).map((run) => run.name);
  throw new StillhouseError('not_found', nameNearest('judgement', name, known), { param: 'judgement' });
}

/** Where a run stands, by Temporal; while that is down, as it was recorded last, marked stale. null: there never was such a run. */
async function judgementState(deps: ApiDeps, project: string, dataset: string, name: string): Promise<Judgement | null> {
  const read = async () => (await listJudgements(deps.clickhouse, project, dataset, name))[0] ?? null;
  const recorded = await read();
  const ask = async (client: Client) => {
    const run = await describeRun(client, recorded?.workflowId ?? workflowIds.judgeDataset(project, dataset, name));
    if (!run) return recorded;
    return stateOfRecordedRun(client, run, { recorded, readAgain: read, fromStart: () => stateFromStart(client, run, name) });
  };
  const state = await unlessDown(() => withTemporal(deps, READ_TIMEOUT_MS, ask), 'down' as const);
  if (state !== 'down') return state;
  return recorded?.status === 'running' ? { ...recorded, stale: true } : recorded;
}

/** What can be said of a run that has not said anything yet; null: its input is none. */
async function stateFromStart(client: Client, run: WorkflowExecutionDescription, name: string): Promise<Judgement | null> {
  const { workflowId, runId } = run;
  const { success, data } = JudgeDatasetInput.safeParse(await inputOfRun(client, workflowId, runId));
  return success ? startingJudgement(data, { name, workflowId, runId, at: run.startTime.toISOString() }) : null;
}
