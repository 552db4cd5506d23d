import { z } from 'zod';

/** A call must carry all of them, as in lists of traces. */
const Pairs = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length > 0 && Object.keys(pairs).length <= 16, {
    message: 'one to sixteen pairs of metadata, as {"customer": "c-17"}',
  });

/** Whose calls are to be forgotten: those of these ids, and all of a user, of a session or with these pairs of metadata up to now. */
export const ForgetRequest = z
  .strictObject({
    ids: z.array(z.uuid()).max(10_000).optional(),
    user: z.string().min(1).max(1000).optional(),
    session: z.string().min(1).max(1000).optional(),
    metadata: Pairs.optional(),
  })
  .refine(({ ids, ...owners }) => (ids?.length ?? 0) > 0 || Object.values(owners).some((owner) => owner !== undefined), {
    message: 'name the calls: ids, a user, a session or pairs of metadata',
  });
export type ForgetRequest = z.infer<typeof ForgetRequest>;

/** What a request to forget would come to. */
export const ForgetPreview = z.object({
  /** Stored calls that it names. */
  traces: z.number(),
  /** Sentences: what it can't find. */
  warnings: z.array(z.string()),
});
export type ForgetPreview = z.infer<typeof ForgetPreview>;

/** What is, or was, removed. */
export const ForgottenCounts = z.object({
  traces: z.number(),
  /** Calls of the pipeline whose prompts held a text of these. */
  pipelineTraces: z.number(),
  feedback: z.number(),
  /** Of datasets, over all versions. */
  datasetRows: z.number(),
});
export type ForgottenCounts = z.infer<typeof ForgottenCounts>;

/** How a forgetting stands, or ended. */
export const Forgetting = z.object({
  name: z.string(),
  status: z.enum(['running', 'completed', 'failed']),
  counts: ForgottenCounts.nullable(),
  /** Artifacts that held a text of these: images, files of distillations, answers of evaluations. */
  artifacts: z.number().nullable(),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  error: z.string().nullable(),
});
export type Forgetting = z.infer<typeof Forgetting>;
