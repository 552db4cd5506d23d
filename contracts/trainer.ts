import { z } from 'zod';

/** What the Python trainer says on stdout, a JSON object a line; what it says more is passed over. */
const at = { at: z.number() };
const Terms = z.record(z.string(), z.number());

export const TrainerFile = z.object({ name: z.string(), bytes: z.number().int(), sha256: z.string() });
export type TrainerFile = z.infer<typeof TrainerFile>;

/** Of `inspect`: a base, and the longest row where rows were given. */
export const BaseEvent = z.object({
  event: z.literal('base'),
  ...at,
  id: z.string(),
  digest: z.string(),
  folder: z.string(),
  parameters: z.number().int(),
  contextTokens: z.number().int(),
  vocabulary: z.number().int(),
  licence: z.string().nullable(),
  longestRowTokens: z.number().int().nullable(),
});

export const StartEvent = z.object({
  event: z.literal('start'),
  ...at,
  resumedFrom: z.number().int(),
  totalSteps: z.number().int(),
  rows: z.number().int(),
  validationRows: z.number().int(),
});
export const StepEvent = z.object({
  event: z.literal('step'),
  ...at,
  step: z.number().int(),
  totalSteps: z.number().int(),
  epoch: z.number(),
  phase: z.string(),
  terms: Terms,
});
export const ValidationEvent = z.object({
  event: z.literal('validation'),
  ...at,
  step: z.number().int(),
  phase: z.string(),
  score: z.number(),
  nll: z.number(),
});
export const CheckpointEvent = z.object({ event: z.literal('checkpoint'), ...at, step: z.number().int(), path: z.string() });
export const DoneEvent = z.object({
  event: z.literal('done'),
  ...at,
  step: z.number().int(),
  /** Folder of `adapter_config.json` and `adapter_model.safetensors`. */
  adapter: z.string(),
  validationScore: z.number(),
  warmupScore: z.number(),
  epochs: z.number(),
  seconds: z.number(),
  tokensPerSecond: z.number(),
  terms: Terms,
});
export const ExportedEvent = z.object({
  event: z.literal('exported'),
  ...at,
  files: z.array(TrainerFile),
  chatTemplate: z.string(),
  templateOptions: z.record(z.string(), z.union([z.string(), z.boolean(), z.null()])),
  controlTokens: z.array(z.string()),
  contextTokens: z.number().int(),
});
export const WarningEvent = z.object({ event: z.literal('warning'), ...at, message: z.string() });
export const ErrorEvent = z.object({
  event: z.literal('error'),
  ...at,
  code: z.string(),
  message: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
});

/** The events that the worker acts on. */
export const TrainerEvent = z.discriminatedUnion('event', [
  BaseEvent,
  StartEvent,
  StepEvent,
  ValidationEvent,
  CheckpointEvent,
  DoneEvent,
  ExportedEvent,
  WarningEvent,
  ErrorEvent,
]);
export type TrainerEvent = z.infer<typeof TrainerEvent>;
