import { ERROR_CODES, isStillhouseError, StillhouseError } from '../../contracts/errors.ts';

/** Any thrown thing in OpenAI's shape; what is not ours says nothing of its inside. */
export function errorResponse(error: unknown): Response {
  const known = knownError(error);
  return new Response(errorText(known), { status: ERROR_CODES[known.code].status, headers: { 'content-type': 'application/json' } });
}

/** The body of an error in OpenAI's shape. */
export function errorText(error: StillhouseError): string {
  return JSON.stringify({ error: { message: error.message, type: ERROR_CODES[error.code].type, param: error.param, code: error.code } });
}

/** An error as one of ours. */
export function knownError(error: unknown): StillhouseError {
  return isStillhouseError(error) ? error : new StillhouseError('internal', 'The student server failed on this call');
}
