import { ChildWorkflowCancellationType, executeChild, ParentClosePolicy } from '@temporalio/workflow';
import type { TrainStudentInput, TrainStudentResult } from '../contracts/language-model.ts';
import { WORKFLOWS, workflowIds } from '../contracts/names.ts';
import { trialSettings } from '../core/students/trial-settings.ts';
import type { trial } from './trial.ts';

/** The training of the best settings, and what was tried, for the timeline. */
export interface SearchResult {
  best: TrainStudentResult;
  tried: Record<string, string>;
}

/**
 * Trains by several settings, as child workflows that share the queue with all other trainings, and takes the one that
 * answers most validation rows as the teacher does; of equal ones the first.
 */
export async function searchSettings(training: TrainStudentInput, trials: number): Promise<SearchResult> {
  const inputs = Array.from({ length: trials }, (_, number) => ({
    trial: number,
    training: { ...training, checked: { ...training.checked, settings: trialSettings(training.checked.settings, number) } },
  }));
  const results = await Promise.all(
    inputs.map((input) =>
      executeChild<typeof trial>(WORKFLOWS.trial, {
        workflowId: workflowIds.trial(training.project, training.distillation, input.trial),
        args: [input],
        // A pause, a cancellation and an end of the run are the trials' too, and wait for their trainers to let go.
        cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      }),
    ),
  );
  const scores = results.map(({ validationScore }) => validationScore);
  const best = results[scores.indexOf(Math.max(...scores))]!;
  const tried = results.map(({ validationScore }, i): [string, string] => {
    const { loraRank, learningRate, warmupEpochs } = inputs[i]!.training.checked.settings;
    return [`trial ${i + 1}`, `${(100 * validationScore).toFixed(1)} %: rank ${loraRank}, rate ${learningRate}, ${warmupEpochs} passes`];
  });
  return { best, tried: Object.fromEntries(tried) };
}
