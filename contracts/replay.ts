import { z } from 'zod';

/** `POST /api/traces/{id}/replay`. */
export const ReplayRequest = z.strictObject({
  /** A provider's model, a student or an alias, as an app would name it. */
  target: z.string().min(1).max(256),
  /** What the target can't do is left out instead of refused. */
  lenient: z.boolean().default(false),
});
export type ReplayRequest = z.infer<typeof ReplayRequest>;

/** One of the two answers to the same request. */
export const ReplayedAnswer = z.object({
  traceId: z.string(),
  target: z.string(),
  httpStatus: z.number().int(),
  /** A sentence; empty where it was answered. */
  error: z.string(),
  /** Text of the first choice. */
  text: z.string(),
  /** The body, as JSON where it was. */
  response: z.unknown(),
  finishReason: z.string(),
  tokensIn: z.number().int(),
  tokensOut: z.number().int(),
  /** null = unpriced. */
  costUsd: z.number().nullable(),
  latencyMs: z.number(),
});
export type ReplayedAnswer = z.infer<typeof ReplayedAnswer>;

/** What a trace's request got then, and what it gets of another target now. */
export const Replay = z.object({
  original: ReplayedAnswer,
  replay: ReplayedAnswer,
  /** Whether both were answered and with the same: JSON by value, else the trimmed text, and the same tools called with the same arguments. */
  same: z.boolean(),
});
export type Replay = z.infer<typeof Replay>;
