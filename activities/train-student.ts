import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Context } from '@temporalio/activity';
import { z } from 'zod';
import { StillhouseError } from '../contracts/errors.ts';
import { TrainedStudent, type TrainStudentInput, type TrainStudentResult } from '../contracts/language-model.ts';
import { publishOnce } from './encoder/encoder-deps.ts';
import { type Pulse, withHeartbeat } from './heartbeat.ts';
import { holdLease } from './student/activity-lease.ts';
import { knownBase } from './student/base.ts';
import { claimAttempt } from './student/claim-attempt.ts';
import { CheckpointMirror } from './student/checkpoint-mirror.ts';
import type { StudentDeps } from './student/student-deps.ts';
import { superviseTraining } from './student/supervise-training.ts';
import { preparedTools } from './student/tools.ts';
import { TRAINER_SOURCE, trainerVersion, trainingKey } from './student/training.ts';
import { TrainingTroubles } from './student/training-troubles.ts';

/** A step takes seconds; loading a large base and the first step, minutes. */
const STALL_MS = 15 * 60_000;

/** What is published: the trained student, and what the training came to. */
const Published = TrainedStudent.extend({ result: z.unknown() });

export type TrainStudentActivity = ReturnType<typeof createTrainStudentActivity>;

export function createTrainStudentActivity(deps: StudentDeps) {
  return {
    /**
     * Trains a language-model student in a Python process of its own. Safe to retry because an attempt goes on from the
     * newest complete checkpoint, here or in the artifact store, names hold the attempt's number, the device is locked by
     * the trainer itself, and a result that was published is found by the hash of its inputs.
     */
    trainStudent: (input: TrainStudentInput): Promise<TrainStudentResult> => {
      const { attempt } = Context.current().info;
      let details: unknown = { attempt };
      const lease = holdLease(deps.temporal, () => details);
      return withHeartbeat(STALL_MS, async (pulse) => {
        const signal = AbortSignal.any([pulse.signal, lease.signal]);
        const progress = (moved?: Record<string, number | string>) => {
          if (moved) details = { attempt, ...moved };
          pulse.progress(moved);
        };
        try {
          return await trainStudent(deps, input, { signal, progress });
        } catch (error) {
          throw lease.signal.aborted ? (lease.signal.reason as Error) : error;
        }
      }).finally(() => lease.close());
    },
  };
}

async function trainStudent(deps: StudentDeps, input: TrainStudentInput, pulse: Pulse): Promise<TrainStudentResult> {
  const { artifacts } = deps;
  const key = trainingKey(input, await trainerVersion());
  const published = await artifacts.find(`${key}/trained.json`);
  if (published) return resultOf(deps, published);

  const tools = await preparedTools(deps, pulse);
  const program = {
    python: tools.python,
    source: TRAINER_SOURCE,
    temporaryFolder: deps.temporaryFolder,
    env: deps.tools.env,
    log: deps.log,
  };
  const base = await knownBase(deps, program, input.student, pulse.signal);
  if (base.digest !== input.checked.base.digest)
    throw new StillhouseError('conflict', `The base "${base.id}" has changed since the run began: start the distillation again.`);
  const folder = join(deps.trainingFolder, basename(key));
  const mirror = new CheckpointMirror(artifacts, key, join(folder, 'checkpoints'), deps.log);
  const troubles = new TrainingTroubles(artifacts, key);
  await troubles.load();
  const attempt = await claimAttempt(artifacts, key);
  const { done, resumed, microBatchRows, rateFactor, rows } = await superviseTraining(
    { deps, program, base, input, folder, mirror, troubles },
    { attempt, signal: pulse.signal, progress: pulse.progress },
  );

  pulse.signal.throwIfAborted();
  const put = (name: string) => artifacts.putFile(`${key}/adapter-${done.step}/${name}`, join(done.adapter, name));
  const adapter = { config: await put('adapter_config.json'), weights: await put('adapter_model.safetensors') };
  const { step, validationScore, warmupScore, epochs, seconds, tokensPerSecond, terms } = done;
  const { checked, curated } = input;
  const trained: TrainedStudent = {
    format: 'stillhouse-trained-student/1',
    base: checked.base,
    settings: checked.settings,
    curated,
    adapter,
    step,
    validationScore,
    warmupScore,
  };
  const result = {
    steps: step,
    epochs,
    ...rows,
    validationScore,
    warmupScore,
    terms,
    tokensPerSecond,
    trainSeconds: seconds,
    resumed,
    microBatchRows,
    rateFactor,
  };
  const ref = await publishOnce(artifacts, `${key}/trained.json`, { ...trained, result });
  for (const left of (await artifacts.list(`${key}/`)).filter((name) => /\/(checkpoints|troubles|attempts)\//.test(name)))
    await artifacts.delete(left);
  await rm(folder, { recursive: true, force: true });
  return resultOf(deps, ref);
}

async function resultOf({ artifacts }: StudentDeps, trained: TrainStudentResult['trained']): Promise<TrainStudentResult> {
  const { result } = Published.parse(JSON.parse((await artifacts.get(trained)).toString('utf8')));
  return { trained, ...(result as Omit<TrainStudentResult, 'trained'>) };
}
