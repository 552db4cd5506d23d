/**
 * One answer that a teacher gave to a prompt, journalled as it was received: never asked for again. It belongs to the
 * normalised prompt, the teacher and the sampling, so that a later run or a copy of the row finds it.
 */
export interface Candidate {
  project: string;
  promptHash: string;
  teacher: string;
  /** Hash of what else shapes the answer (temperature, parameters, response format, tools). */
  sampling: string;
  /** 0-based number of the sample. */
  sample: number;
  answer: string;
  finishReason: string;
  /** The gateway's trace of the call. */
  traceId: string;
  tokensIn: number;
  tokensOut: number;
  costUsd: number | null;
  latencyMs: number;
  /** The distillation that paid for it. */
  distillation: string;
  /** Temporal's run id of that distillation. */
  runId: string;
  /** UTC, `YYYY-MM-DD hh:mm:ss.SSS`. */
  createdAt: string;
}
