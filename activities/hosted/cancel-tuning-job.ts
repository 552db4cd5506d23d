import { APIError } from 'openai';
import type { TuningIdentity } from '../../contracts/hosted.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { findJob } from './start-tuning-job.ts';
import { tuningClient, tuningFailure } from './tuning-client.ts';
import { TuningJournal } from './tuning-journal.ts';

const STALL_MS = 120_000;

/** What became of a cancelled run's job. */
export interface CancelledTuningJob {
  jobId: string;
  status: string;
  trainedTokens: number | null;
}

export function createCancelTuningJobActivity(deps: HostedDeps) {
  const journal = new TuningJournal(deps.artifacts);
  return {
    /**
     * Cancels the job that a run has begun, whether or not the run has heard of it; null where it has begun none. An earlier run's
     * is left alone. Safe to retry because a job that has ended stays as it is.
     */
    cancelTuningJob: (of: TuningIdentity): Promise<CancelledTuningJob | null> =>
      withHeartbeat(STALL_MS, async (pulse) => {
        const client = tuningClient(deps.gateway, of.provider);
        const options = { signal: pulse.signal };
        try {
          const known = (await journal.job(of)) ?? (await findJob(client, of, pulse));
          if (!known?.isOwn) return null;
          const job = await client.fineTuning.jobs.cancel(known.jobId, options).catch((error: unknown) => {
            // "has already completed": how it ended is what counts.
            if (error instanceof APIError && (error.status === 400 || error.status === 409))
              return client.fineTuning.jobs.retrieve(known.jobId, options);
            throw error;
          });
          return { jobId: job.id, status: job.status, trainedTokens: job.trained_tokens };
        } catch (error) {
          throw tuningFailure(error, of.provider, 'to cancel a fine-tuning job');
        }
      }),
  };
}
