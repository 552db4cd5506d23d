import { z } from 'zod';
import { ArtifactRef, Sha256 } from './identifiers.ts';

/** Contracts of hosted students: models that a provider fine-tunes, keeps and serves. */

const price = z.number().nonnegative().finite();

/** What a provider asks for fine-tuning a model, and for what the tuned model answers. All in US dollars per million tokens. */
export const TuningPrice = z.strictObject({
  /** Of the training file's tokens, an epoch. */
  trainingUsdPerMTok: price,
  inputUsdPerMTok: price,
  outputUsdPerMTok: price,
  /** Default: the input price. */
  cachedInputUsdPerMTok: price.optional(),
});
export type TuningPrice = z.infer<typeof TuningPrice>;

/** The provider of `stillhouse.yaml` and its model that a hosted student names. */
export interface HostedChoice {
  provider: string;
  model: string;
}

/** Reads `hosted/<provider>/<model>`; null where a student's name is none. A model may hold further slashes. */
export function parseHostedStudent(name: string): HostedChoice | null {
  const [, provider, model] = /^hosted\/([a-z0-9][a-z0-9._-]*)\/([^\s\\]+)$/.exec(name) ?? [];
  return provider === undefined || model === undefined ? null : { provider, model };
}

/** Passes over the training file where the input states none. The providers' own "auto" would leave the price open. */
export const DEFAULT_TUNING_EPOCHS = 3;

/** What the job is asked for; part of what names it. */
export const TuningSettings = z.object({
  epochs: z.number().int().positive(),
  /** Rows a step; null: the provider's choice. */
  batchRows: z.number().int().positive().nullable(),
  seed: z.number().int(),
});
export type TuningSettings = z.infer<typeof TuningSettings>;

/** What `checkTuning` settled before the teacher is paid. */
export interface CheckedTuning extends HostedChoice {
  price: TuningPrice;
  settings: TuningSettings;
  /** The most that the training can cost: the rows' bytes, times the epochs. */
  trainingUsd: number;
  /** The most that the tuned model's answers to the test rows can cost. */
  evaluationUsd: number;
}

/** A file that lies at the provider. */
export const TuningFile = z.object({ fileId: z.string(), sha256: Sha256, bytes: z.number().int(), rows: z.number().int() });
export type TuningFile = z.infer<typeof TuningFile>;

export interface UploadTuningFilesInput {
  project: string;
  provider: string;
  curated: ArtifactRef;
}

export interface TuningFiles {
  training: TuningFile;
  /** null where no validation row has an answer. */
  validation: TuningFile | null;
}

/** Which training is meant, and for which run. */
export interface TuningIdentity extends HostedChoice, TuningFiles {
  project: string;
  distillation: string;
  /** Temporal's run id. */
  runId: string;
  settings: TuningSettings;
}

export interface StartTuningJobInput extends TuningIdentity {
  /** The run's cap, and what of it is kept for what follows the training. */
  maxUsd: number;
  reservedUsd: number;
  price: TuningPrice;
}

/** A job of the provider's. */
export interface TuningJob {
  jobId: string;
  /** False where an earlier run has paid for it. */
  isOwn: boolean;
}

export interface PollTuningJobInput {
  project: string;
  distillation: string;
  runId: string;
  provider: string;
  jobId: string;
  /** The newest of the job's events that is known; null: none. */
  after: string | null;
}

/** How a job stands. Names, numbers and the provider's own sentences. */
export interface PolledTuningJob {
  /** `succeeded`, `failed`, `cancelled`; any other is taken as still going on. */
  status: string;
  /** Why it failed, by the provider. */
  error: string | null;
  tunedModel: string | null;
  trainedTokens: number | null;
  step: number | null;
  totalSteps: number | null;
  /** What the job has said since `after`, the oldest first. */
  messages: string[];
  newest: string | null;
}

/** What a hosted student is. */
export const HostedManifest = z.object({
  format: z.literal('stillhouse-hosted/1'),
  provider: z.string(),
  /** The model that was tuned, and what came of it, by the provider's names. */
  base: z.string(),
  model: z.string(),
  jobId: z.string(),
  training: TuningFile,
  validation: TuningFile.nullable(),
  settings: TuningSettings,
  trainedTokens: z.number().int().nullable(),
  curated: ArtifactRef,
  labels: z.array(z.string()),
});
export type HostedManifest = z.infer<typeof HostedManifest>;
