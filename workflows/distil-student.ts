import type { CurateResult } from '../activities/curate.ts';
import type { RunPlan } from '../activities/distil/run-plan.ts';
import type { DistilInput, Evaluation, StageState, Student } from '../contracts/distil.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import type { CheckedStudent } from '../contracts/language-model.ts';
import type { EvaluateStudentInput } from '../contracts/stages.ts';
import { encoder, languageModel, students } from './distil-activities.ts';
import { searchSettings } from './distil-search.ts';

/** What a stage came to, and what the timeline says of it. */
interface Staged<T> {
  result: T;
  summary: StageState['summary'];
}

/** What the registry is told of an exported student. */
export type ExportedStudent = Pick<Student, 'kind' | 'manifest' | 'labels' | 'embedderSha256' | 'base' | 'placement' | 'hosted'>;

/** How one kind of student is trained, exported and evaluated. */
export interface StudentPath {
  /** Of the cap, what training and evaluation at a provider can cost. */
  reservedUsd?: number;
  train(curated: CurateResult): Promise<Staged<ArtifactRef>>;
  export(trained: ArtifactRef): Promise<Staged<ExportedStudent>>;
  evaluate(input: Omit<EvaluateStudentInput, 'task'>): Promise<Evaluation>;
  /** Has it answer once before an alias moves to it. */
  warm(target: string): Promise<unknown>;
}

/** A logistic head on a frozen embedder: no GPU, no Python. */
export function encoderPath(plan: RunPlan, input: DistilInput): StudentPath {
  const { project, distillation } = plan.run;
  return {
    async train({ curated, labels }) {
      const { trained, validationAccuracy, trainRows, unlabelledRows, cleanedRows, embedSeconds, trainSeconds, settings } =
        await encoder.trainEncoder({ project, distillation, curated, labels, seed: input.seed });
      const summary = {
        validationAccuracy: round(validationAccuracy),
        trainRows,
        unlabelledRows,
        cleanedRows,
        embedSeconds: round(embedSeconds),
        trainSeconds: round(trainSeconds),
        ...settings,
      };
      return { result: trained, summary };
    },
    async export(trained) {
      const { manifest, labels, embedderSha256, compared, maxDifference } = await encoder.exportEncoder({ project, distillation, trained });
      const result = { kind: 'encoder' as const, manifest, labels, embedderSha256, base: null, placement: null, hosted: null };
      return { result, summary: { compared, maxDifference } };
    },
    evaluate: async (asked) => (await encoder.evaluateEncoder(asked)).evaluation,
    // Every gateway loads it as soon as an alias names it, in milliseconds.
    warm: () => Promise.resolve(),
  };
}

/** LoRA on a base, on the queue of the device. */
export function languageModelPath(plan: RunPlan, input: DistilInput, checked: CheckedStudent): StudentPath {
  const { project, distillation, runId } = plan.run;
  const task = plan.task.kind;
  const { student, keepBest, nSamples, quantize } = input;
  const gpu = languageModel(project);
  return {
    async train(found) {
      // Labels only: what else is an error can't be told by its neighbours.
      const doubts =
        task === 'label'
          ? await encoder.cleanLabels({ project, distillation, curated: found.curated, labels: found.labels, seed: input.seed })
          : null;
      const { curated } = doubts ?? found;
      const training = { project, distillation, runId, student, checked, curated, task, keepBest, nSamples };
      const { trials } = input.search;
      const { best, tried } = trials > 1 ? await searchSettings(training, trials) : { best: await gpu.trainStudent(training), tried: {} };
      const { trained: result, terms, ...numbers } = best;
      const rounded = Object.entries({ ...numbers, ...prefixed('end', terms) }).map(([name, value]) => [name, round(value)]);
      return { result, summary: { base: checked.base.id, ...Object.fromEntries(rounded), ...tried, doubtedRows: doubts?.doubted ?? 0 } };
    },
    async export(trained) {
      const { name, version, hash } = plan.dataset;
      const lineage = { dataset: name, datasetVersion: version, datasetHash: hash, teacher: plan.teacher, usedGold: plan.useGold };
      const exported = await gpu.exportStudent({ project, distillation, student, trained, quantize, task, labels: plan.labels, lineage });
      const { manifest, labels, base, comparedPrompts, comparedTokens, top1, servedBytes } = exported;
      const result = { kind: 'language-model' as const, manifest, labels, embedderSha256: null, base, placement: null, hosted: null };
      return { result, summary: { comparedPrompts, comparedTokens, top1: round(top1), servedBytes, quantize: quantize ?? 'f16' } };
    },
    evaluate: async (asked) => (await gpu.evaluateStudent({ ...asked, task: task === 'json' ? 'json' : 'label' })).evaluation,
    warm: (target) => students.warmStudent({ project, student: target }),
  };
}

/** Four digits, for people. */
export function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}

/** Counts under names of their own. */
export function prefixed(prefix: string, counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([reason, n]) => [`${prefix}: ${reason}`, n]));
}
