import { z } from 'zod';

export const THUMBS = ['up', 'down'] as const;

/** What traces can be chosen by: their newest thumbs, or that somebody corrected the answer. */
export const VERDICTS = [...THUMBS, 'corrected'] as const;

/** Body of `POST /v1/feedback`: what somebody says of a call that went through the gateway. At least one thing must be said. */
export const FeedbackRequest = z
  .strictObject({
    /** `x-stillhouse-trace-id` of the call's answer. */
    trace_id: z.uuidv7(),
    thumbs: z.enum(THUMBS).optional(),
    /** 0 = useless, 1 = perfect. */
    score: z.number().min(0).max(1).optional(),
    comment: z.string().min(1).max(10_000).optional(),
    /** What the answer should have been: a gold answer of datasets that are built from the trace. */
    corrected_answer: z.string().min(1).max(1_000_000).optional(),
    /** Who says it, by the app's own name for them. */
    user: z.string().max(256).optional(),
    /** The same id again is the same feedback, and changes nothing. Default: a new one. */
    id: z.uuid().optional(),
  })
  .refine(
    ({ thumbs, score, comment, corrected_answer }) => [thumbs, score, comment, corrected_answer].some((said) => said !== undefined),
    'one of thumbs, score, comment, corrected_answer is needed',
  );
export type FeedbackRequest = z.infer<typeof FeedbackRequest>;

/** Answer of `POST /v1/feedback`. */
export interface FeedbackReceipt {
  object: 'feedback';
  id: string;
  trace_id: string;
}

/** One piece of feedback, as a trace shows it; null = not said. */
export const Feedback = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  keyId: z.string(),
  userId: z.string(),
  thumbs: z.enum(THUMBS).nullable(),
  score: z.number().nullable(),
  comment: z.string().nullable(),
  correctedAnswer: z.string().nullable(),
});
export type Feedback = z.infer<typeof Feedback>;
