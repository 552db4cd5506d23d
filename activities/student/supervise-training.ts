import { setTimeout as wait } from 'node:timers/promises';
import { StillhouseError } from '../../contracts/errors.ts';
import type { TrainerEvent } from '../../contracts/trainer.ts';
import { LEASE_GRACE_MS } from './activity-lease.ts';
import type { Training } from './supervised-training.ts';
import { trainerConfig } from './trainer-config.ts';
import { trainerFailure } from './trainer-failure.ts';
import { runTrainer, type TrainerEnd } from './trainer-process.ts';
import { TrainingRecord } from './training-record.ts';

/** A worker that is told to stop has 9 s; what comes after the checkpoint is quick. */
const GRACE_MS = Math.min(6_000, LEASE_GRACE_MS);
/** Another trainer has the device: it may be one that is just ending. */
const BUSY_RETRY_MS = 5_000;
type Done = Extract<TrainerEvent, { event: 'done' }>;
type Start = Extract<TrainerEvent, { event: 'start' }>;

export interface SupervisedPulse {
  attempt: number;
  signal: AbortSignal;
  progress: (details?: Record<string, number | string>) => void;
}

export interface TrainingOutcome {
  done: Done;
  resumed: number;
  microBatchRows: number;
  rateFactor: number;
  rows: { trainRows: number; validationRows: number };
}

/**
 * Keeps a trainer running until the training is done. Out of memory: half the rows a pass, from the newest checkpoint. A step
 * that is not finite: from the checkpoint before, at half the rate, once. Three ends without a newer checkpoint are the last.
 */
export async function superviseTraining(training: Training, pulse: SupervisedPulse): Promise<TrainingOutcome> {
  const { mirror, troubles, input } = training;
  let microBatchRows = troubles.last?.microBatchRows ?? input.checked.microBatchRows;
  let rateFactor = troubles.last?.rateFactor ?? 1;
  for (let resumed = 0; ; resumed++) {
    const from = await mirror.restore();
    pulse.progress({ step: from, from: 'checkpoint' });
    const { end, done, start } = await runOnce(training, pulse, { microBatchRows, rateFactor });
    pulse.signal.throwIfAborted();
    if (done && start) {
      const rows = { trainRows: start.rows, validationRows: start.validationRows };
      return { done, resumed: start.resumedFrom > 0 ? resumed + 1 : resumed, microBatchRows, rateFactor, rows };
    }
    const failure = trainerFailure(end);
    if (!failure.retryable) throw failure;
    if (end.error?.code === 'device_busy') {
      pulse.progress({ waitsFor: 'the device' });
      await wait(BUSY_RETRY_MS, undefined, { signal: pulse.signal });
      continue;
    }
    if (end.error?.code === 'out_of_memory') {
      if (microBatchRows === 1) throw final(failure, 'Not even one row at a time fits into the memory of the device');
      microBatchRows = Math.ceil(microBatchRows / 2);
    }
    if (end.error?.code === 'non_finite') {
      if (troubles.wasNotFinite) throw final(failure, 'The loss was not finite again, at half the learning rate');
      rateFactor /= 2;
      await mirror.dropNewest();
    }
    const step = await mirror.restore();
    await troubles.add({ step, code: end.error?.code ?? 'ended', message: failure.message, microBatchRows, rateFactor });
    training.deps.log.warn(
      { distillation: input.distillation, step, code: end.error?.code, reason: failure.message },
      'the trainer ended early',
    );
    if (troubles.isStuck) throw final(failure, 'Three attempts ended without a newer checkpoint');
  }
}

function final(cause: StillhouseError, sentence: string): StillhouseError {
  return new StillhouseError('internal', `${sentence}: ${cause.message}`, { cause, retryable: false, data: cause.data });
}

/** Runs the trainer once; resolves when it has ended and what it said is stored. */
async function runOnce(
  training: Training,
  pulse: SupervisedPulse,
  adjusted: { microBatchRows: number; rateFactor: number },
): Promise<{ end: TrainerEnd; done: Done | null; start: Start | null }> {
  const { deps, program, input, mirror } = training;
  const record = new TrainingRecord(deps, input, pulse.attempt);
  let done: Done | null = null;
  let start: Start | null = null;
  const onEvent = (event: TrainerEvent) => {
    record.hear(event);
    pulse.progress(record.details);
    if (event.event === 'start') start = event;
    else if (event.event === 'done') done = event;
    else if (event.event === 'checkpoint') record.store('a checkpoint', () => mirror.publish(event.path));
  };
  try {
    const config = await trainerConfig(training, pulse.attempt, adjusted);
    const end = await runTrainer(program, { command: 'train', config, signal: pulse.signal, graceMs: GRACE_MS, onEvent });
    return { end, done, start };
  } finally {
    await record.close();
  }
}
