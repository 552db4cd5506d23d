import { z } from 'zod';

/** Whose calls are to be forgotten: those of these ids, and all of a user or a session up to now. */
export const ForgetRequest = z
  .strictObject({
    ids: z.array(z.uuid()).max(10_000).optional(),
    user: z.string().min(1).max(1000).optional(),
    session: z.string().min(1).max(1000).optional(),
  })
  .refine(({ ids, user, session }) => (ids?.length ?? 0) > 0 || user !== undefined || session !== undefined, {
    message: 'name the calls: ids, a user or a session',
  });
export type ForgetRequest = z.infer<typeof ForgetRequest>;

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
