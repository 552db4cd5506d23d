import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { CheckStudentActivity } from '../activities/check-student.ts';
import type { CleanLabelsActivity } from '../activities/clean-labels.ts';
import type { CurateActivities } from '../activities/curate.ts';
import type { DeviceProbeActivity } from '../activities/device-probe.ts';
import type { PlanActivities } from '../activities/distil/plan.ts';
import type { EvaluateEncoderActivity } from '../activities/evaluate-encoder.ts';
import type { EvaluateLanguageModelActivity } from '../activities/evaluate-student.ts';
import type { ExportEncoderActivity } from '../activities/export-encoder.ts';
import type { ExportStudentActivity } from '../activities/export-student.ts';
import type { GenerateActivities } from '../activities/generate-candidates.ts';
import type { HostedActivities } from '../activities/hosted/hosted-activities.ts';
import type { RecordRunActivities } from '../activities/record-run.ts';
import type { RegistryUpdateActivities } from '../activities/registry-updates.ts';
import type { ReferenceActivities } from '../activities/teacher-references.ts';
import type { TrainEncoderActivity } from '../activities/train-encoder.ts';
import type { TrainStudentActivity } from '../activities/train-student.ts';
import type { WarmStudentActivity } from '../activities/warm-student.ts';
import { QUEUES } from '../contracts/names.ts';
/** Records and look-ups. */
export const records = proxyActivities<PlanActivities & Pick<RecordRunActivities, 'recordRun'>>({
  // Some queries and an insert, each of seconds; a worker that dies in one costs the run this long.
  startToCloseTimeout: '30 seconds',
  // For ever: while ClickHouse or the gateway is down the run waits. A refusal is marked as final by its code.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** The spend, once its traces have arrived. */
export const spend = proxyActivities<Pick<RecordRunActivities, 'settleSpend'>>({
  // It waits for a minute at most.
  startToCloseTimeout: '3 minutes',
  // Four heartbeats of 5 s: it holds nothing that a second attempt would have to wait for.
  heartbeatTimeout: '20 seconds',
  // For ever, as above.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** Changes of the registry. */
export const registryUpdates = proxyActivities<RegistryUpdateActivities>({
  // The registry answers within a second; where it has to wait longer the next attempt gets the same answer.
  startToCloseTimeout: '20 seconds',
  // For ever: the request id makes every attempt the same change.
  retry: { initialInterval: '500 milliseconds', maximumInterval: '10 seconds' },
});

/** Calls of the teacher. */
export const teacher = proxyActivities<GenerateActivities>({
  // A shard takes minutes; a teacher that is throttled hard may take hours.
  startToCloseTimeout: '12 hours',
  // Six heartbeats of 5 s: a dead worker is noticed within half a minute.
  heartbeatTimeout: '30 seconds',
  // Each attempt goes on where the last one stopped and is patient itself: this many mean that the teacher is gone.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 100 },
  // What is in flight is answered and journalled before a pause or a cancellation is complete.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Work on rows and samples that lie in ClickHouse. */
export const curation = proxyActivities<CurateActivities & ReferenceActivities>({
  // A hundred thousand rows take about a minute.
  startToCloseTimeout: '1 hour',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // Starts over in seconds; many attempts mean a ClickHouse that stays down or a worker that dies of this work.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 100 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** Training, export and evaluation of an encoder student. */
export const encoder = proxyActivities<TrainEncoderActivity & ExportEncoderActivity & EvaluateEncoderActivity & CleanLabelsActivity>({
  // Under a minute for thousands of rows; hours bound a hundred thousand on a slow machine.
  startToCloseTimeout: '6 hours',
  // Six heartbeats of 5 s; the work is on a thread of its own, so that they go on.
  heartbeatTimeout: '30 seconds',
  // A worker that runs out of memory here dies again: twenty attempts are enough to tell.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 20 },
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** What the GPU worker would train on. */
export const gpu = proxyActivities<DeviceProbeActivity>({
  taskQueue: QUEUES.cuda,
  // It looks at the machine.
  startToCloseTimeout: '20 seconds',
  // An encoder needs no GPU worker: where none polls, the run goes on with a warning.
  scheduleToStartTimeout: '20 seconds',
  scheduleToCloseTimeout: '1 minute',
  // A GPU worker that restarts is met again.
  retry: { initialInterval: '1 second', maximumInterval: '10 seconds' },
});

/** A student's first answer. */
export const students = proxyActivities<WarmStudentActivity>({
  // It is patient for ten minutes itself.
  startToCloseTimeout: '15 minutes',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // A student that does not answer through several of them will not: the alias stays where it is.
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 20 },
});

/** Check, training, export and evaluation of a language-model student. Projects take turns on a device that many wait for. */
export function languageModel(project: string) {
  return proxyActivities<CheckStudentActivity & TrainStudentActivity & ExportStudentActivity & EvaluateLanguageModelActivity>({
    taskQueue: QUEUES.cuda,
    // A training takes hours to days; its own watchdog ends what does not move.
    startToCloseTimeout: '30 days',
    // Six heartbeats of 5 s; a worker that is cut off has ended its child before this.
    heartbeatTimeout: '30 seconds',
    // Preemptions and restarts go on from a checkpoint, so many are no harm; what fails by itself is counted by the training.
    retry: { initialInterval: '1 second', maximumInterval: '30 seconds', maximumAttempts: 1000 },
    // The child has written its checkpoint and let go of the device before a pause or a cancellation is complete.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    priority: { fairnessKey: project },
  });
}

/** Files and jobs of a provider that tunes students, and the tuned model's answers. The wait for a job is the workflow's. */
export const tuning = proxyActivities<Omit<HostedActivities, 'cancelTuningJob'>>({
  // An upload of half a gigabyte, or thousands of answers from a throttled provider, take hours; the rest seconds.
  startToCloseTimeout: '12 hours',
  // Six heartbeats of 5 s.
  heartbeatTimeout: '30 seconds',
  // For ever: a job goes on while its provider or the gateway can't be asked. A refusal is marked as final by its code. The first
  // pause lets a provider list what an attempt has made whose answer was lost.
  retry: { initialInterval: '5 seconds', maximumInterval: '1 minute' },
  // What an attempt has made is known before a cancellation looks for it.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

/** The end of a cancelled run's job. */
export const tuningCancellation = proxyActivities<Pick<HostedActivities, 'cancelTuningJob'>>({
  startToCloseTimeout: '5 minutes',
  heartbeatTimeout: '30 seconds',
  // A provider that can't be reached for so long does not keep a cancelled run; the run says what is left to do.
  scheduleToCloseTimeout: '10 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});
