import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { type TrainStudentInput, type TrainStudentResult, TrialInput } from '../contracts/language-model.ts';
import { SEARCH_ATTRIBUTES } from '../contracts/names.ts';
import { languageModel } from './distil-activities.ts';
import { parseInput } from './failures.ts';

/** One training of a search over settings: a child of `distil`, on the same queue as all trainings. */
export async function trial(raw: unknown): Promise<TrainStudentResult> {
  const { trial: number, training } = parseInput(TrialInput, raw);
  const { project, distillation, checked } = training;
  upsertSearchAttributes([{ key: defineSearchAttributeKey(SEARCH_ATTRIBUTES.project, 'KEYWORD'), value: project }]);
  const { loraRank, learningRate, warmupEpochs } = checked.settings;
  setCurrentDetails(`Trial ${number + 1} of **${distillation}**: rank ${loraRank}, rate ${learningRate}, ${warmupEpochs} passes.`);
  return languageModel(project).trainStudent(training satisfies TrainStudentInput);
}
