import { ERROR_CODES, isStillhouseError, StillhouseError } from '../../contracts/errors.ts';
import type { OpenAIError } from '../../contracts/http.ts';
import { type Answer, toResponse } from './answer.ts';

/** The body of an error in OpenAI's shape. */
export function openAIError(error: StillhouseError): OpenAIError {
  return { error: { message: error.message, type: ERROR_CODES[error.code].type, param: error.param, code: error.code } };
}

/** HTTP status of an error. */
export function statusOf(error: StillhouseError): number {
  return ERROR_CODES[error.code].status;
}

/** Any thrown thing as one of our errors; what is not ours says nothing of its inside. */
export function asStillhouseError(error: unknown): StillhouseError {
  return isStillhouseError(error) ? error : new StillhouseError('internal', 'The gateway failed on this call', { cause: error });
}

/** The error as an answer; `retry-after` where waiting helps. */
export function errorAnswer(error: StillhouseError, headers: Record<string, string> = {}): Answer {
  const all: Record<string, string> = { 'content-type': 'application/json', ...headers };
  // Of limits: how much is left, and when there is more.
  Object.assign(all, error.data['headers']);
  const wait = error.data['retryAfterS'];
  if (typeof wait === 'number') all['retry-after'] = String(wait);
  return { status: statusOf(error), headers: all, body: JSON.stringify(openAIError(error)) };
}

/** The same as Hono wants it. */
export function errorResponse(error: StillhouseError, headers: Record<string, string> = {}): Response {
  return toResponse(errorAnswer(error, headers));
}
