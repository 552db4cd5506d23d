import type { OpenAI } from 'openai';
import type { FineTuningJobEvent } from 'openai/resources/fine-tuning/jobs/jobs';
import { StillhouseError } from '../../contracts/errors.ts';
import type { PolledTuningJob, PollTuningJobInput } from '../../contracts/hosted.ts';
import type { TrainingPoint } from '../../contracts/language-model.ts';
import { appendTrainingPoints } from '../../store/clickhouse/training-metrics.ts';
import { withHeartbeat } from '../heartbeat.ts';
import type { HostedDeps } from './hosted-deps.ts';
import { isGone, tuningClient, tuningFailure } from './tuning-client.ts';

const STALL_MS = 120_000;
/** Events of a poll at most; what a job said before the newest so many is passed over. */
const MOST_EVENTS = 300;
/** Sentences of a poll at most: they pass through Temporal. */
const MOST_MESSAGES = 20;

export function createPollTuningJobActivity(deps: HostedDeps) {
  return {
    /**
     * How a job stands, once; waiting is the workflow's. Its measurements go to the training's metrics. Safe to retry because it
     * only reads at the provider, and points that are written twice count once.
     */
    pollTuningJob: (input: PollTuningJobInput): Promise<PolledTuningJob> =>
      withHeartbeat(STALL_MS, async ({ signal }) => {
        const { provider, jobId } = input;
        const client = tuningClient(deps.gateway, provider);
        try {
          const job = await client.fineTuning.jobs.retrieve(jobId, { signal });
          const events = await eventsAfter(client, input, signal);
          const points = events.flatMap(pointOf);
          await appendTrainingPoints(deps.clickhouse, input, points);
          const last = points.at(-1);
          return {
            status: job.status,
            error: job.error?.message ? job.error.message.slice(0, 500) : null,
            tunedModel: job.fine_tuned_model,
            trainedTokens: job.trained_tokens,
            step: last?.step ?? null,
            totalSteps: last?.totalSteps ?? null,
            messages: events
              .filter((event) => event.type !== 'metrics')
              .map(({ message }) => message.slice(0, 200))
              .slice(-MOST_MESSAGES),
            newest: events.at(-1)?.id ?? input.after,
          };
        } catch (error) {
          if (isGone(error))
            throw new StillhouseError('tuning_failed', `Provider "${provider}" knows no job ${jobId} any more.`, { cause: error });
          throw tuningFailure(error, provider, `the job ${jobId}`);
        }
      }),
  };
}

/** What the job has said since, the oldest first; the API gives the newest first. */
async function eventsAfter(client: OpenAI, { jobId, after }: PollTuningJobInput, signal: AbortSignal): Promise<FineTuningJobEvent[]> {
  const events: FineTuningJobEvent[] = [];
  for await (const event of client.fineTuning.jobs.listEvents(jobId, { limit: 100 }, { signal })) {
    if (event.id === after || events.length === MOST_EVENTS) break;
    events.push(event);
  }
  return events.reverse();
}

const number = (value: unknown): number | null => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** A measured step of a `metrics` event: `{step, total_steps, train_loss, valid_loss, train_mean_token_accuracy, …}`. */
function pointOf({ type, data, created_at: seconds }: FineTuningJobEvent): TrainingPoint[] {
  if (type !== 'metrics' || typeof data !== 'object' || data === null) return [];
  const measured = data as Record<string, unknown>;
  const step = number(measured['step']);
  if (step === null) return [];
  const named = {
    loss: measured['train_loss'],
    validationLoss: measured['valid_loss'],
    tokenAccuracy: measured['train_mean_token_accuracy'],
  };
  const terms = Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (number(value) === null ? [] : [[name, number(value)!] as const])),
  );
  const at = new Date(seconds * 1000).toISOString();
  return [{ at, attempt: 1, step, totalSteps: number(measured['total_steps']) ?? 0, epoch: 0, phase: 'hosted', terms }];
}
