import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import type { RunPlan } from '../activities/distil/run-plan.ts';
import type { DistilInput } from '../contracts/distil.ts';
import type { CheckedTuning, PolledTuningJob, TuningIdentity, TuningJob } from '../contracts/hosted.ts';
import { students, tuning, tuningCancellation } from './distil-activities.ts';
import type { RunControl } from './distil-control.ts';
import type { RunState } from './distil-state.ts';
import type { StudentPath } from './distil-student.ts';
import { failureSentence, refusal } from './failures.ts';

/**
 * Between two looks at a job: 2, 4, … seconds, a minute for the first hour, then five. A look costs eleven events and a record
 * six, so that six hours of waiting stay under 2,000 of them and a week under three quarters of what Temporal takes.
 */
const FIRST_PAUSE_MS = 2_000;
const MINUTE_MS = 60_000;
const LATE_PAUSE_MS = 300_000;
/** What a job has said is recorded so often at most, besides every change of how it stands. */
const RECORD_MS = 300_000;
const LOOKS_OF_THE_FIRST_HOUR = 65;
const ENDED = new Set(['succeeded', 'failed', 'cancelled']);

/** What a run knows of its job; it outlives a pause. */
interface Watch {
  looks: number;
  status: string;
  newest: string | null;
  recordedAt: number;
}

/** What the path is made with. */
interface Hosted {
  run: RunState;
  control: RunControl;
  plan: RunPlan;
  checked: CheckedTuning;
}

/** Fine-tuning at a provider, which keeps and serves the student: files, a job, and a wait that lies in Temporal alone. */
export function hostedPath(hosted: Hosted, input: DistilInput): StudentPath {
  const { run, plan, checked } = hosted;
  const { project, distillation, runId } = plan.run;
  const { provider, model, price, settings, trainingUsd, evaluationUsd } = checked;
  const whole = CancellationScope.current();
  const watch: Watch = { looks: 0, status: '', newest: null, recordedAt: 0 };
  let labels: string[] = [];
  let tunedModel = '';
  return {
    reservedUsd: trainingUsd + evaluationUsd,
    async train({ curated, labels: seen }) {
      labels = plan.task.kind === 'label' ? seen : [];
      let identity: TuningIdentity | null = null;
      try {
        const files = await tuning.uploadTuningFiles({ project, provider, curated });
        identity = { project, distillation, runId, provider, model, settings, ...files };
        const reservedUsd = plan.reservedUsd + evaluationUsd;
        const job = await tuning.startTuningJob({ ...identity, maxUsd: plan.maxUsd, reservedUsd, price });
        const ended = await waitForJob(hosted, watch, job);
        tunedModel = modelOf(provider, job, ended);
        const usd = job.isOwn ? chargeFor(run, checked, files.training.bytes, ended.trainedTokens) : 0;
        const { trainedTokens } = ended;
        const result = await tuning.publishHosted({ identity, jobId: job.jobId, tunedModel, trainedTokens, curated, labels });
        const summary = {
          provider,
          job: job.jobId,
          model: tunedModel,
          trainRows: files.training.rows,
          validationRows: files.validation?.rows ?? 0,
          epochs: settings.epochs,
          trainedTokens,
          trainingUsd: usd,
        };
        return { result, summary: job.isOwn ? summary : { ...summary, paidBy: 'an earlier run' } };
      } catch (error) {
        // A pause interrupts the wait too, and leaves the job alone.
        if (identity && isCancellation(error) && whole.consideredCancelled) await cancelAtProvider(run, checked, identity);
        throw error;
      }
    },
    async export(trained) {
      const kept = { provider, model: tunedModel, base: model };
      const nowhere = { embedderSha256: null, base: null, placement: null };
      return {
        result: { kind: 'hosted', manifest: trained, labels, ...nowhere, hosted: kept },
        summary: { keptBy: provider, model: tunedModel },
      };
    },
    async evaluate(asked) {
      const scored = { ...asked, task: plan.task.kind === 'json' ? ('json' as const) : ('label' as const) };
      const { maxAnswerTokens } = plan;
      return (await tuning.evaluateHosted({ scored, run: plan.run, maxAnswerTokens, price, maxUsd: input.maxUsd - run.chargedUsd }))
        .evaluation;
    },
    async warm(target) {
      const { costUsd } = await students.warmStudent({ project: plan.run.project, student: target });
      run.charge(costUsd ?? 0);
    },
  };
}

/** Looks at the job until it has ended. The wait is a timer: no worker holds it, and any goes on with it by the job's id. */
async function waitForJob({ run, control, plan, checked }: Hosted, watch: Watch, job: TuningJob): Promise<PolledTuningJob> {
  const { provider } = checked;
  const { jobId } = job;
  for (;;) {
    const polled = await tuning.pollTuningJob({ ...plan.run, provider, jobId, after: watch.newest });
    const isOther = polled.status !== watch.status;
    Object.assign(watch, { status: polled.status, newest: polled.newest });
    for (const message of polled.messages) run.event('progress', `${provider}: ${message}`, { job: jobId });
    if (polled.step !== null && polled.totalSteps) Object.assign(run.stage('train'), { done: polled.step, total: polled.totalSteps });
    if (isOther) run.event('progress', `the job ${jobId} at ${provider} is ${polled.status.replaceAll('_', ' ')}`, { job: jobId });
    if (ENDED.has(polled.status)) return polled;
    const isNew = polled.messages.length > 0 || polled.step !== null;
    if (isOther || (isNew && Date.now() - watch.recordedAt >= RECORD_MS)) {
      watch.recordedAt = Date.now();
      await control.record();
    }
    await sleep(pauseMs(watch.looks++));
  }
}

function pauseMs(looks: number): number {
  return looks < LOOKS_OF_THE_FIRST_HOUR ? Math.min(MINUTE_MS, FIRST_PAUSE_MS * 2 ** looks) : LATE_PAUSE_MS;
}

/** What has come of a job; ends the run with the provider's reason where it is no model. */
function modelOf(provider: string, { jobId }: TuningJob, { status, error, tunedModel }: PolledTuningJob): string {
  if (status === 'cancelled')
    throw refusal('tuning_failed', `The job ${jobId} was cancelled at provider "${provider}"; this run did not ask for it.`);
  if (status === 'failed')
    throw refusal('tuning_failed', `The job ${jobId} at provider "${provider}" failed: ${error ?? 'no reason was given'}`);
  if (tunedModel === null) throw refusal('tuning_failed', `The job ${jobId} at provider "${provider}" has succeeded and names no model.`);
  return tunedModel;
}

/** Adds to the spend what was trained; where the provider does not tell, the most that it can be. */
function chargeFor(run: RunState, { price, settings }: CheckedTuning, bytes: number, trainedTokens: number | null): number {
  if (trainedTokens === null)
    run.warn('train: the provider does not say how many tokens it has trained on; spentUsd holds the most that it can be.');
  const usd = ((trainedTokens ?? bytes * settings.epochs) * price.trainingUsdPerMTok) / 1e6;
  run.charge(usd);
  return usd;
}

/** The run is over; what it has begun at the provider must not go on. */
async function cancelAtProvider(run: RunState, { provider, price }: CheckedTuning, identity: TuningIdentity): Promise<void> {
  await CancellationScope.nonCancellable(async () => {
    try {
      const job = await tuningCancellation.cancelTuningJob(identity);
      if (!job) return;
      run.event('progress', `the job ${job.jobId} at ${provider} is ${job.status}`, { job: job.jobId });
      if (job.trainedTokens !== null) run.charge((job.trainedTokens * price.trainingUsdPerMTok) / 1e6);
      else run.warn(`The provider may charge for what the job ${job.jobId} has trained on until now; spentUsd is without it.`);
    } catch (error) {
      run.warn(`The job at provider "${provider}" could not be cancelled; do it there. ${failureSentence(error)}`);
    }
  });
}
