import type { OpenAI } from 'openai';
import type { FineTuningJob } from 'openai/resources/fine-tuning/jobs/jobs';
import { StillhouseError } from '../../contracts/errors.ts';
import type { StartTuningJobInput, TuningIdentity, TuningJob } from '../../contracts/hosted.ts';
import { spentSoFar } from '../generate/spent-so-far.ts';
import { type Pulse, withHeartbeat } from '../heartbeat.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { isGone, tuningClient, tuningFailure } from './tuning-client.ts';
import { TuningJournal, tuningKey } from './tuning-journal.ts';

/** Answered at once; a provider that hangs is given up and asked what it has. */
const STALL_MS = 120_000;
/** Jobs looked through at most, the newest first. */
const MOST_JOBS = 2_000;

export function createStartTuningJobActivity(deps: HostedDeps) {
  const journal = new TuningJournal(deps.artifacts);
  return {
    /**
     * Has the provider begin the training, unless it has been begun: no job is paid for twice. Safe to retry because a job
     * carries the hash of its inputs and the run in its metadata: one that is journalled, or that the provider has by these,
     * is gone on with. A training that an earlier run has paid for, and whose model is still there, is found too.
     */
    startTuningJob: (input: StartTuningJobInput): Promise<TuningJob> =>
      withHeartbeat(STALL_MS, async (pulse) => {
        try {
          const known = await journal.job(input);
          if (known) return known;
          const client = tuningClient(deps.gateway, input.provider);
          const found = await findJob(client, input, pulse);
          if (found) return await journal.noteJob(input, found);
          await checkCap(deps, input);
          pulse.signal.throwIfAborted();
          return await journal.noteJob(input, { jobId: await create(client, input, pulse), isOwn: true });
        } catch (error) {
          throw tuningFailure(error, input.provider, 'a fine-tuning job');
        }
      }),
  };
}

/** This run's job, or one of the same inputs that has succeeded; null where the provider has neither. */
export async function findJob(client: OpenAI, of: TuningIdentity, { signal }: Pick<Pulse, 'signal'>): Promise<TuningJob | null> {
  const key = tuningKey(of);
  let other: TuningJob | null = null;
  let seen = 0;
  for await (const job of client.fineTuning.jobs.list({ limit: 100 }, { signal })) {
    if (++seen > MOST_JOBS) break;
    if (job.metadata?.['stillhouse'] !== key) continue;
    if (job.metadata['stillhouse_run'] === of.runId) return { jobId: job.id, isOwn: true };
    if (!other && job.status === 'succeeded' && (await isModelThere(client, job, signal))) other = { jobId: job.id, isOwn: false };
  }
  return other;
}

async function isModelThere(client: OpenAI, { fine_tuned_model: model }: FineTuningJob, signal: AbortSignal): Promise<boolean> {
  if (model === null) return false;
  return client.models.retrieve(model, { signal }).then(
    () => true,
    (error: unknown) => (isGone(error) ? false : Promise.reject(error)),
  );
}

/** Refuses a training that could cost more than the run may still spend. A byte is never less than a token. */
async function checkCap(deps: HostedDeps, input: StartTuningJobInput): Promise<void> {
  const { training, settings, price, maxUsd, reservedUsd } = input;
  const worstUsd = (training.bytes * settings.epochs * price.trainingUsdPerMTok) / 1e6;
  const { usd } = await spentSoFar(deps.clickhouse, input);
  if (usd + worstUsd + reservedUsd <= maxUsd) return;
  const dollars = (amount: number) => `$${amount.toPrecision(3)}`;
  throw new StillhouseError(
    'cap_too_low',
    `maxUsd: the cap is $${maxUsd}; ${dollars(usd)} are spent, the training can cost ${dollars(worstUsd)} (${training.bytes} bytes, each a token at most, ${settings.epochs} epochs) and what follows ${dollars(reservedUsd)}. No job was started.`,
    { param: 'maxUsd', data: { maxUsd, spentUsd: usd, trainingUsd: worstUsd, reservedUsd } },
  );
}

async function create(client: OpenAI, input: StartTuningJobInput, { signal }: Pulse): Promise<string> {
  const { model, training, validation, settings, distillation, runId } = input;
  const key = tuningKey(input);
  const { epochs, batchRows, seed } = settings;
  const hyperparameters = { n_epochs: epochs, ...(batchRows === null ? {} : { batch_size: batchRows }) };
  const job = await client.fineTuning.jobs.create(
    {
      model,
      training_file: training.fileId,
      ...(validation ? { validation_file: validation.fileId } : {}),
      method: { type: 'supervised', supervised: { hyperparameters } },
      seed,
      suffix: `stillhouse-${key.slice(0, 12)}`,
      metadata: { stillhouse: key, stillhouse_run: runId, distillation },
    },
    { signal },
  );
  return job.id;
}
