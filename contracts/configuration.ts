import { z } from 'zod';
import { TuningPrice } from './hosted.ts';
import { PROVIDER_DEFAULTS, PROVIDER_KINDS, type ProviderKind } from './provider-kinds.ts';
import { BaseConfig, StudentServerConfig } from './language-model.ts';
import { WebhookConfig } from './webhooks.ts';

/** A list whose entries are told apart by their ids: says which one stands there twice. */
const byId = <Schema extends z.ZodType<{ id: string }>>(entry: Schema) =>
  z.array(entry).superRefine((all, context) => {
    const twice = all.map(({ id }) => id).find((id, i, ids) => ids.indexOf(id) < i);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', message: `two of them have the id "${twice}": give each an id of its own` });
  });

/** Name of an environment variable. A key itself in its place would be shown wherever the name is. */
const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable that holds the key, not the key itself');

const price = z.number().nonnegative().finite();

const ModelPrices = {
  inputUsdPerMTok: price.optional(),
  outputUsdPerMTok: price.optional(),
  /** Of an answer's tokens of reasoning. Default: the output price. */
  reasoningUsdPerMTok: price.optional(),
  /** Default: the input price. */
  cachedInputUsdPerMTok: price.optional(),
  /** Of tokens written to the provider's prompt cache. Default: the input price. */
  cacheWriteUsdPerMTok: price.optional(),
  /** Of those that it keeps for an hour. Default: as of the others. */
  cacheWriteHourUsdPerMTok: price.optional(),
};

const PromptTiers = z.array(z.strictObject({ aboveInputTokens: z.number().int().positive(), ...ModelPrices })).optional();

/** A model of a provider and its price. A model without prices is unpriced: its cost is null, never 0. */
export const ModelConfig = z.strictObject({
  id: z.string().min(1),
  ...ModelPrices,
  /** Of text that is to be spoken, per million characters; of sound that is heard, per minute. For models that are not paid by tokens. */
  inputUsdPerMChar: price.optional(),
  audioUsdPerMinute: price.optional(),
  /** Prices of calls whose prompt has more tokens, all of their tokens; input and output are as above where they are left out. */
  tiers: PromptTiers,
  /**
   * Prices of calls that the provider serves by another tier than its default one, whole: `flex`, `priority`, or what it calls them, and
   * `batch` of what goes through its batches. What is left out costs what input or output does.
   */
  serviceTiers: z
    .record(z.string().min(1), z.strictObject({ ...ModelPrices, inputUsdPerMTok: price, outputUsdPerMTok: price, tiers: PromptTiers }))
    .optional(),
  /** Tokens of an answer at most where the caller sets no bound: what a budget reserves then. Default: as published. */
  maxOutputTokens: z.number().int().positive().optional(),
  /** Of fine-tuning it at the provider; without it, it can't be a hosted student. */
  tuning: TuningPrice.optional(),
});
export type ModelConfig = z.infer<typeof ModelConfig>;

/** Address and key of a kind that has them; its id where none is given. */
function withDefaults(config: unknown): unknown {
  if (typeof config !== 'object' || config === null || !('kind' in config)) return config;
  const { kind } = config;
  if (typeof kind !== 'string' || !Object.hasOwn(PROVIDER_DEFAULTS, kind)) return config;
  return { ...(kind === 'openai-compatible' ? {} : { id: kind }), ...PROVIDER_DEFAULTS[kind as ProviderKind], ...config };
}

const ProviderFields = z.strictObject({
  /** First part of its targets. */
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be lower-case letters, digits, ".", "_" or "-"')
    .refine((id) => id !== 'student' && id !== 'router', '"student" and "router" are taken'),
  kind: z.enum(PROVIDER_KINDS),
  /** Up to and with `/v1`, where the API has it. */
  baseUrl: z.url({ protocol: /^https?$/ }),
  /** AWS's region, of the kind `bedrock`; default: the one of `baseUrl`. */
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .optional(),
  /** Azure's `api-version`, of the kind `azure-openai`: a dated one means the API with deployments in its paths; default: the API `v1`. */
  apiVersion: z
    .string()
    .regex(/^(?:\d{4}-\d{2}-\d{2}(?:-preview)?|v1|preview|latest)$/, 'must be a date, with -preview or without, v1, preview or latest')
    .optional(),
  /** Name of the environment variable that holds the key; none: no key is sent. */
  apiKeyEnv: variable.optional(),
  /** Private, loopback and link-local addresses are refused without it. */
  allowPrivateAddress: z.boolean().default(false),
  models: byId(ModelConfig).default([]),
  /** What of a model's price its calls cost by another service tier, or in a batch, where the model has no price of its own for it. Default: as the kind's provider says. */
  serviceTierShares: z.record(z.string().min(1), price).optional(),
  timeouts: z
    .strictObject({
      connectMs: z.number().int().positive().default(10_000),
      /** To the first byte of the answer. */
      firstByteMs: z.number().int().positive().default(120_000),
      /** To a stream's first token. */
      firstTokenMs: z.number().int().positive().default(120_000),
      /** Between two bytes, and between two tokens of a stream. */
      idleMs: z.number().int().positive().default(120_000),
      /** In all. */
      totalMs: z.number().int().positive().default(600_000),
    })
    .prefault({}),
});

/** One provider of `stillhouse.yaml`: of most kinds, `kind` says all. */
export const ProviderConfig = z.preprocess(withDefaults, ProviderFields);
export type ProviderConfig = z.infer<typeof ProviderConfig>;

/** `stillhouse.yaml`. */
export const Configuration = z.strictObject({
  providers: byId(ProviderConfig).default([]),
  /** Base models of students, in folders of the GPU workers. */
  bases: byId(BaseConfig).default([]),
  /** Where language-model students are served, besides `local` (`STILLHOUSE_STUDENT_URLS`). */
  studentServers: byId(StudentServerConfig).default([]),
  /** Who is told of clusters that are worth distilling. */
  webhooks: byId(WebhookConfig).default([]),
  limits: z
    .strictObject({
      /** Larger request bodies are a 413. */
      maxBodyBytes: z
        .number()
        .int()
        .positive()
        .default(20 * 1024 * 1024),
      /** Larger uploads (files, audio, images as forms) are a 413; they are streamed. */
      maxUploadBytes: z
        .number()
        .int()
        .positive()
        .default(1024 ** 3),
      /** Bodies are shed first once the spool is larger than this; calls go on. */
      spoolQuotaBytes: z
        .number()
        .int()
        .positive()
        .default(8 * 1024 ** 3),
      /** Rounds over a call's targets after the first, where a later one can help. */
      retries: z.number().int().min(0).max(10).default(2),
      /** Waits between rounds: up to this, twice as much each round, */
      retryBaseMs: z.number().int().positive().default(250),
      /** at most this. A provider that asks for a longer wait is passed on to the caller. */
      retryMaxMs: z.number().int().positive().default(8_000),
      /** So many failures of a target one after the other and no call goes there for a while. */
      breakerFailures: z.number().int().positive().default(10),
      breakerOpenMs: z.number().int().positive().default(10_000),
      /** Pipeline calls in flight at most, per gateway process. */
      pipelineConcurrency: z.number().int().positive().default(64),
      /** A provider is asked how a batch stands so long after it was begun, and then ever more seldom, at most thirty times as long apart. */
      batchPollMs: z.number().int().positive().default(30_000),
    })
    .prefault({}),
});
export type Configuration = z.infer<typeof Configuration>;
