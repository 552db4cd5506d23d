import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { z, type ZodError } from 'zod';
import { ERROR_CODES, StillhouseError, isStillhouseError } from '../../contracts/errors.ts';
import type { ErrorCode } from '../../contracts/errors.ts';
import type { Problem } from '../../contracts/http.ts';
import { issueInWords } from '../../platform/issue-in-words.ts';
import type { Logger } from '../../platform/logger.ts';
import { asUnavailable } from './outages.ts';

// Zod's own words are a programmer's; these stand at fields of the console and in the CLI. A schema's words go before them.
z.config({ customError: (issue) => issueInWords(issue, issue.input) });

/** Any error as an answer of problem details; what nobody foresaw is logged and becomes `internal` without its text. */
export function problemOf(c: Context, error: unknown, log: Logger): Response {
  const ours = toStillhouseError(error);
  if (ours.code === 'internal') log.error({ err: error, path: c.req.path }, 'a control plane request failed');
  const status = ERROR_CODES[ours.code].status as ContentfulStatusCode;
  const problem: Problem = {
    type: `urn:stillhouse:error:${ours.code}`,
    title: titleOf(ours.code),
    status,
    detail: ours.message,
    code: ours.code,
    param: ours.param,
    ...(Object.keys(ours.data).length > 0 ? { data: ours.data } : {}),
  };
  if (ours.retryable) c.header('retry-after', '1');
  return c.body(JSON.stringify(problem), status, { 'content-type': 'application/problem+json' });
}

/** Refuses what a schema refuses, with one sentence a field. */
export function refuseInvalid(error: ZodError, where: string): never {
  const errors = error.issues.map((issue) => {
    const param = pathOf(issue.path) || where;
    return { param, detail: `${param}: ${issue.message}` };
  });
  throw new StillhouseError('invalid_request', errors.map((e) => e.detail).join('; '), {
    param: errors[0]?.param ?? where,
    data: { errors },
  });
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map((step, i) => (typeof step === 'number' ? `[${step}]` : `${i > 0 ? '.' : ''}${String(step)}`)).join('');
}

function titleOf(code: ErrorCode): string {
  const words = code.replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function toStillhouseError(error: unknown): StillhouseError {
  if (isStillhouseError(error)) return error;
  if (error instanceof HTTPException) return fromHttpException(error);
  return (
    asUnavailable(error) ??
    new StillhouseError('internal', "Something went wrong here; the gateway's log has the details.", { cause: error })
  );
}

function fromHttpException(error: HTTPException): StillhouseError {
  if (error.status === 413) return new StillhouseError('body_too_large', error.message || 'The body is too large.');
  if (error.status === 415)
    return new StillhouseError('invalid_request', 'The body must be sent with content-type: application/json.', { param: 'content-type' });
  if (/malformed json/i.test(error.message)) return new StillhouseError('invalid_json', 'The body is not JSON.');
  const byStatus = { 401: 'unauthorized', 403: 'forbidden', 404: 'not_found', 503: 'unavailable' } as const;
  const code = byStatus[error.status as keyof typeof byStatus] ?? (error.status < 500 ? 'invalid_request' : 'internal');
  return new StillhouseError(code, error.message, { cause: error });
}
