import { ApplicationFailure, CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import { type DistilInput, type Distillation, RunnableDistilInput } from '../contracts/distil.ts';
import { gpu, records, spend } from './distil-activities.ts';
import { RunControl } from './distil-control.ts';
import { RunStages } from './distil-stages.ts';
import { RunState } from './distil-state.ts';
import { failureSentence, failureType, parseInput } from './failures.ts';

/** The traces of a run's calls are waited for this long before its spend is stated. */
const SETTLE_MS = 60_000;

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
    const device = probeDevice();
    await runStages(input, run, control);
    // Asked at the start and heard at the end: an encoder waits for no GPU worker.
    run.stage('train').summary['gpuWorker'] = await device;
    if ((await device) === null) run.warn('No GPU worker answered its probe in time. An encoder does without it.');
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
  const stages = new RunStages(run, control, plan);
  await stages.generate();
  const curated = await stages.curate();
  if (input.until === 'curate') {
    for (const stage of ['train', 'export', 'evaluate', 'register', 'alias'] as const) run.skip(stage, 'until: "curate"');
    return;
  }
  const trained = await stages.train(curated, input.seed);
  const exported = await stages.export(trained);
  const evaluation = await stages.evaluate(exported.manifest, input.marginPoints);
  const target = await stages.register(exported, evaluation, input.seed);
  await stages.alias(input.alias, target, evaluation, input.approval);
}

/** What the GPU worker has, in words; null where none answers in time. */
async function probeDevice(): Promise<string | null> {
  try {
    const { kind, name, count } = await gpu.deviceProbe();
    return `${kind}: ${count} × ${name}`;
  } catch {
    // Whatever it was, a cancellation included: the run's own steps hear that themselves.
    return null;
  }
}

/** States what the run has paid, once the traces of its calls have arrived. */
async function settle(run: RunState): Promise<void> {
  const { project, name, runId } = run.state;
  const { usd, missingTraces, unknownCosts } = await spend.settleSpend({ run: { project, distillation: name, runId }, waitMs: SETTLE_MS });
  run.state.spentUsd = usd;
  if (unknownCosts > 0) run.warn(`${unknownCosts} calls may have been charged, but nobody knows what; spentUsd is without them.`);
  if (missingTraces > 0) run.warn(`The traces of ${missingTraces} calls have not arrived; spentUsd is what the journal says.`);
}
