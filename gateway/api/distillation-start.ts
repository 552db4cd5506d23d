import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { RunnableDistilInput } from '../../contracts/distil.ts';
import type { DistilInput, Distillation } from '../../contracts/distil.ts';
import { StillhouseError } from '../../contracts/errors.ts';
import { QUEUES, WORKFLOWS, workflowIds } from '../../contracts/names.ts';
import { canonicalJson, distillationName } from '../../platform/content-hash.ts';
import { findUsableDataset } from './datasets.ts';
import type { ApiDeps } from './dependencies.ts';
import { distillationState } from './distillation-state.ts';
import { refuseInvalid } from './problems.ts';
import { startingState } from '../../core/distillation/starting-state.ts';
import { CHANGE_TIMEOUT_MS, withTemporal } from './temporal-calls.ts';
import { requireStudentChoice } from './student-check.ts';
import { refuseImpossibleTarget } from './target-check.ts';

/**
 * Starts a run, or joins the one that has the same name and input. A name whose run failed or was cancelled may be
 * used again; one that runs or has completed with another input is a `conflict` that says what differs.
 */
export async function startDistillation(deps: ApiDeps, request: DistilInput): Promise<Distillation> {
  const name = request.name ?? distillationName(request);
  const input: DistilInput = { ...request, name };
  const before = await distillationState(deps, input.project, name);
  const again = before?.status === 'failed' || before?.status === 'cancelled';
  if (before && !again) return joined(before, input);
  await refuseWhatCannotRun(deps, input);
  return withTemporal(deps, CHANGE_TIMEOUT_MS, (client) => launch(deps, client, input, name, again));
}

async function launch(deps: ApiDeps, client: Client, input: DistilInput, name: string, again: boolean): Promise<Distillation> {
  try {
    const handle = await client.workflow.start(WORKFLOWS.distil, {
      workflowId: workflowIds.distil(input.project, name),
      taskQueue: QUEUES.main,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      workflowIdReusePolicy: again ? 'ALLOW_DUPLICATE' : 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
    return startingState(input, {
      name,
      workflowId: handle.workflowId,
      runId: handle.firstExecutionRunId,
      startedAt: new Date(deps.now()),
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    // two requests at once: the other one was first
    const other = await distillationState(deps, input.project, name);
    if (!other) throw error;
    return joined(other, input);
  }
}

function joined(run: Distillation, input: DistilInput): Distillation {
  const fields = Object.keys(input) as (keyof DistilInput)[];
  const differing = fields.filter((field) => canonicalJson(run.input[field]) !== canonicalJson(input[field]));
  if (differing.length === 0) return run;
  const differences = differing.map(
    (field) => `${field} is ${canonicalJson(run.input[field])} there and ${canonicalJson(input[field])} here`,
  );
  throw new StillhouseError(
    'conflict',
    `There is a distillation "${run.name}" with another input (${run.status}): ${differences.join(', ')}. Choose another name.`,
    { param: 'name', data: { differing } },
  );
}

/** What would fail in the run's first step is refused at once. */
async function refuseWhatCannotRun(deps: ApiDeps, input: DistilInput): Promise<void> {
  requireStudentChoice(deps, input.project, input.student);
  const runnable = RunnableDistilInput.safeParse(input);
  if (!runnable.success) refuseInvalid(runnable.error, 'the body');
  if (input.teacher) refuseImpossibleTarget(deps, input.project, input.teacher, 'teacher');
  const dataset = await findUsableDataset(deps, input.project, input.dataset, input.datasetVersion);
  if (dataset.status === 'failed')
    throw new StillhouseError('conflict', `dataset: the build of "${dataset.name}" failed: ${dataset.error ?? 'no reason is known'}`, {
      param: 'dataset',
    });
  if (dataset.status === 'building')
    throw new StillhouseError('conflict', `dataset: "${dataset.name}" is still being built; try again when it is ready.`, {
      param: 'dataset',
      retryable: true,
    });
}
