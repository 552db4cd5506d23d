import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';
import type { ErrorCode } from '../contracts/errors.ts';

/** A refusal that no retry mends; its type is one of our error codes, which callers turn back into that error. */
export function refusal(code: ErrorCode, sentence: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(sentence, code);
}

/** Parses what came from outside; throws `InvalidInput` with one sentence a field. */
export function parseInput<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const sentences = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the input'}: ${issue.message}`);
  throw ApplicationFailure.nonRetryable(sentences.join('; '), 'InvalidInput', { errors: sentences });
}

/** What a failed activity or a refusal says, in a sentence. */
export function failureSentence(error: unknown): string {
  const cause = error instanceof ActivityFailure && error.cause ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

/** The type of the failure underneath: one of our error codes, where it was a refusal of ours. */
export function failureType(error: unknown): string {
  const cause = error instanceof ActivityFailure && error.cause ? error.cause : error;
  return cause instanceof ApplicationFailure ? (cause.type ?? 'internal') : 'internal';
}
