import { ApplicationFailure, CancellationScope, isCancellation, sleep, workflowInfo } from '@temporalio/workflow';
import { type DistilInput, type Distillation, RunnableDistilInput } from '../contracts/distil.ts';
import type { RunPlan } from '../activities/distil/run-plan.ts';
import { parseHostedStudent } from '../contracts/hosted.ts';
import type { CheckedStudent } from '../contracts/language-model.ts';
import { gpu, languageModel, records, spend, tuning } from './distil-activities.ts';
import { RunControl } from './distil-control.ts';
import { hostedPath } from './distil-hosted.ts';
import { RunStages } from './distil-stages.ts';
import { RunState } from './distil-state.ts';
import { encoderPath, languageModelPath, type StudentPath } from './distil-student.ts';
import { failureSentence, failureType, parseInput } from './failures.ts';

/** The traces of a run's calls are waited for this long before its spend is stated. */
const SETTLE_MS = 60_000;
/** A check that takes longer is remarked upon. */
const PATIENCE_MS = 120_000;

/**
 * Turns a dataset into a student that has been compared with its teacher: generate, curate, train, export, evaluate,
 * register, alias. Answers with the run's state.
 */
export async function distil(raw: unknown): Promise<Distillation> {
  const input = parseInput(RunnableDistilInput, raw);
  const run = new RunState(input, input.name ?? (await records.nameRun({ input })));
  const control = new RunControl(run);
  control.record = () => records.recordRun({ state: run.state, events: run.takeEvents() });
  run.event('started', 'the run begins');
  try {
    // Asked at the start and heard at the end: an encoder waits for no GPU worker.
    const device = input.student === 'encoder' ? probeDevice() : null;
    await runStages(input, run, control);
    if (device) {
      run.stage('train').summary['gpuWorker'] = await device;
      if ((await device) === null) run.warn('No GPU worker answered its probe in time. An encoder does without it.');
    }
    await settle(run);
    run.close('completed', 'the run has ended');
    await control.record();
    return run.state;
  } catch (error) {
    const cancelled = isCancellation(error);
    await CancellationScope.nonCancellable(async () => {
      await settle(run);
      run.close(cancelled ? 'cancelled' : 'failed', cancelled ? 'cancelled by a person' : failureSentence(error));
      await control.record();
    });
    if (cancelled) throw error;
    throw ApplicationFailure.nonRetryable(run.state.error ?? 'the run failed', failureType(error));
  }
}

async function runStages(input: DistilInput, run: RunState, control: RunControl): Promise<void> {
  await control.record();
  const plan = await records.planRun({ input, runId: workflowInfo().runId, name: run.state.name });
  run.state.dataset = plan.dataset;
  run.state.teacher = plan.teacher;
  run.search('teacher', plan.teacher);
  for (const warning of plan.warnings) run.warn(warning);
  const student = await studentPath(input, run, control, plan);
  const reservedUsd = plan.reservedUsd + (student.reservedUsd ?? 0);
  const stages = new RunStages(run, control, { ...plan, reservedUsd }, student);
  await stages.generate();
  const curated = await stages.curate();
  if (input.until === 'curate') {
    for (const stage of ['train', 'export', 'evaluate', 'register', 'alias'] as const) run.skip(stage, 'until: "curate"');
    return;
  }
  const trained = await stages.train(curated);
  const exported = await stages.export(trained);
  const evaluation = await stages.evaluate(exported.manifest, input.marginPoints);
  const target = await stages.register(exported, evaluation, input.seed);
  await stages.alias(input.alias, target, evaluation, input.approval);
}

/** How the student is made; a language model is checked on its device, or at its provider, before the teacher is paid. */
async function studentPath(input: DistilInput, run: RunState, control: RunControl, plan: RunPlan): Promise<StudentPath> {
  // A run that ends with the training JSONL trains nobody.
  if (input.student === 'encoder' || input.until === 'curate') return encoderPath(plan, input);
  if (parseHostedStudent(input.student)) {
    const checked = await tuning.checkTuning({ plan, input });
    return hostedPath({ run, control, plan, checked }, input);
  }
  const checked = await checkStudent(input, run, control, plan);
  for (const warning of checked.warnings) run.warn(warning);
  const { device, base } = checked;
  run.stage('train').summary['gpuWorker'] = describe(device);
  run.event('progress', `the base ${base.id} fits: ${base.parameters} parameters, longest row ${checked.longestRowTokens} tokens`);
  return languageModelPath(plan, input, checked);
}

/** Says so where no GPU worker takes the check up; it goes on waiting, for one may be on its way. */
async function checkStudent(input: DistilInput, run: RunState, control: RunControl, plan: RunPlan): Promise<CheckedStudent> {
  const scope = new CancellationScope();
  const patience = scope.run(() => sleep(PATIENCE_MS));
  const late = patience.then(
    () => {
      run.warn('The check of the student has not ended after two minutes: no GPU worker is free, or it builds what it needs.');
      return control.record();
    },
    () => undefined,
  );
  try {
    return await languageModel(input.project).checkStudent({ plan, input });
  } finally {
    scope.cancel();
    await late;
  }
}

function describe({ kind, count, name }: CheckedStudent['device']): string {
  return `${kind}: ${count} × ${name}`;
}

/** What the GPU worker has, in words; null where none answers in time. */
async function probeDevice(): Promise<string | null> {
  try {
    return describe(await gpu.deviceProbe());
  } catch {
    // Whatever it was, a cancellation included: the run's own steps hear that themselves.
    return null;
  }
}

/** States what the run has paid, once the traces of its calls have arrived. */
async function settle(run: RunState): Promise<void> {
  const { project, name, runId } = run.state;
  const { usd, missingTraces, unknownCosts } = await spend.settleSpend({ run: { project, distillation: name, runId }, waitMs: SETTLE_MS });
  run.state.spentUsd = usd + run.chargedUsd;
  if (unknownCosts > 0) run.warn(`${unknownCosts} calls may have been charged, but nobody knows what; spentUsd is without them.`);
  if (missingTraces > 0) run.warn(`The traces of ${missingTraces} calls have not arrived; spentUsd is what the journal says.`);
}
