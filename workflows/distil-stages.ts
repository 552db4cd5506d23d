import type { CurateResult } from '../activities/curate.ts';
import type { RunPlan } from '../activities/distil/run-plan.ts';
import type { Evaluation, Stage, StageState } from '../contracts/distil.ts';
import type { ArtifactRef } from '../contracts/identifiers.ts';
import { curation, registryUpdates } from './distil-activities.ts';
import type { RunControl } from './distil-control.ts';
import { generateShards } from './distil-generate.ts';
import type { RunState } from './distil-state.ts';
import { type ExportedStudent, prefixed, round, type StudentPath } from './distil-student.ts';

/** One run's stages, in order; each begins only while the run is not paused. */
export class RunStages {
  readonly #run: RunState;
  readonly #control: RunControl;
  readonly #plan: RunPlan;
  readonly #student: StudentPath;

  constructor(run: RunState, control: RunControl, plan: RunPlan, student: StudentPath) {
    this.#run = run;
    this.#control = control;
    this.#plan = plan;
    this.#student = student;
  }

  /** Samples of the training and validation rows. */
  generate(): Promise<unknown> {
    const what = { stage: 'generate', purpose: 'train', splits: ['train', 'validation'] } as const;
    return this.#stage(
      'generate',
      () => generateShards(this.#run, this.#control, this.#plan, { ...what, splits: [...what.splits] }),
      ({ journalled, reused, lost, capReached }) => ({ calls: journalled, reused, lost, capReached }),
    );
  }

  async curate(): Promise<CurateResult> {
    const result = await this.#stage(
      'curate',
      () => curation.curate({ plan: this.#plan }),
      ({ trainRows, validationRows, unlabelled, meanAgreement, dropped, rejectedSamples }) => ({
        trainRows,
        validationRows,
        unlabelled,
        meanAgreement: round(meanAgreement),
        ...prefixed('dropped', dropped),
        ...prefixed('rejected', rejectedSamples),
      }),
    );
    this.#run.state.curated = result.curated;
    return result;
  }

  train(curated: CurateResult): Promise<ArtifactRef> {
    // A pause stops a training at a checkpoint, so that others have the device meanwhile.
    return this.#staged('train', () => this.#control.interruptible(() => this.#student.train(curated)));
  }

  export(trained: ArtifactRef): Promise<ExportedStudent> {
    return this.#staged('export', () => this.#student.export(trained));
  }

  async evaluate(manifest: ArtifactRef, marginPoints: number): Promise<Evaluation> {
    const plan = this.#plan;
    const { project, distillation } = plan.run;
    const evaluation = await this.#stage(
      'evaluate',
      async () => {
        const references = plan.goldTestRows >= plan.rows.test ? null : await this.#references(marginPoints);
        const { dataset, teacher, usdPerCoreHour } = plan;
        const input = { project, distillation, manifest, dataset, teacher, marginPoints, references, usdPerCoreHour };
        return this.#student.evaluate(input);
      },
      ({ n, leftOut, reference, teacher, student, difference, decision }) => ({
        n,
        ...(leftOut ? { leftOut } : {}),
        reference,
        teacherAccuracy: round(teacher.accuracy),
        studentAccuracy: round(student.accuracy),
        differencePoints: round(difference.points),
        decision,
      }),
    );
    this.#run.state.evaluation = evaluation;
    this.#run.search('decision', evaluation.decision);
    return evaluation;
  }

  async register(exported: ExportedStudent, evaluation: Evaluation, seed: number): Promise<string> {
    const { run, dataset, teacher, useGold } = this.#plan;
    const { project, distillation, runId } = run;
    const lineage = {
      distillation,
      dataset: dataset.name,
      datasetVersion: dataset.version,
      datasetHash: dataset.hash,
      teacher,
      usedGold: useGold,
      seed,
    };
    const student = {
      name: distillation,
      ...exported,
      lineage,
      evaluation,
      createdAt: new Date().toISOString(),
    };
    const requestId = `${runId}/student`;
    await this.#stage(
      'register',
      () => registryUpdates.registerStudent({ project, requestId, student }),
      ({ version }) => ({ version }),
    );
    const target = `student/${distillation}`;
    this.#run.state.student = target;
    this.#run.search('student', target);
    return target;
  }

  /** Moves the alias where there is one and the student has proved itself; waits for a person where the input says so. */
  async alias(alias: string | null, target: string, evaluation: Evaluation, approval: boolean): Promise<void> {
    if (alias === null) return this.#run.skip('alias', 'no alias was named');
    const { decision, difference, n } = evaluation;
    if (decision !== 'not_worse') {
      this.#run.warn(
        `alias: "${alias}" stays where it is, for the student is ${decision}: ${round(difference.points)} points [${round(difference.low)}, ${round(difference.high)}] on ${n} test rows.`,
      );
      return this.#run.skip('alias', `the student is ${decision}`);
    }
    const { project, runId, distillation } = this.#plan.run;
    const reason = `distillation ${distillation}: ${decision}, ${round(difference.points)} points`;
    this.#run.state.aliasMoved = await this.#stage(
      'alias',
      async () => {
        if (approval) {
          this.#run.event('progress', `waits for approval to move "${alias}" to ${target}`);
          await this.#control.record();
          await this.#control.approval();
        }
        await this.#student.warm(target);
        return registryUpdates.moveAlias({ project, requestId: `${runId}/alias`, alias, target, reason });
      },
      ({ before, after, version }) => ({ before, after, version }),
    );
  }

  /** Fresh answers of the teacher to the test rows without gold, and their majority. */
  async #references(marginPoints: number): Promise<ArtifactRef> {
    const plan = this.#plan;
    await generateShards(this.#run, this.#control, plan, { stage: 'evaluate', purpose: 'reference', splits: ['test'] });
    return curation.majorityReferences({ plan, marginPoints });
  }

  async #staged<T>(stage: Stage, work: () => Promise<{ result: T; summary: StageState['summary'] }>): Promise<T> {
    return (await this.#stage(stage, work, ({ summary }) => summary)).result;
  }

  async #stage<T>(stage: Stage, work: () => Promise<T>, summarise: (result: T) => StageState['summary']): Promise<T> {
    await this.#control.gate();
    this.#run.begin(stage);
    await this.#control.record();
    const result = await work();
    this.#run.end(stage, summarise(result));
    return result;
  }
}
