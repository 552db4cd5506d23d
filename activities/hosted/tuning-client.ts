import OpenAI, { APIConnectionError, APIError, APIUserAbortError } from 'openai';
import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import type { GatewayAccess } from '../distil/gateway-targets.ts';

/** An upload of half a gigabyte over a slow line; all else is answered at once. */
const CALL_MS = 1800_000;
/** Refusals of a provider that come as 429 and that no waiting mends. */
const FINAL = new Set<unknown>(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);

/**
 * The provider's files and jobs, through the gateway, which has the key. Nothing is asked twice by the client itself: after an
 * unknown outcome the provider is asked first what it has.
 */
export function tuningClient({ url, serviceKey, fetch }: GatewayAccess, provider: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1/tuning/${provider}`, apiKey: serviceKey, maxRetries: 0, timeout: CALL_MS, fetch });
}

/** The provider, or the gateway, knows no such thing. */
export function isGone(error: unknown): boolean {
  return error instanceof APIError && error.status === 404;
}

/** What went wrong while `doing` something at a provider, as one of our errors; what is not of the API is passed on. */
export function tuningFailure(error: unknown, provider: string, doing: string): unknown {
  if (!(error instanceof APIError) || error instanceof APIUserAbortError) return error;
  const cause = { cause: error };
  if (error instanceof APIConnectionError)
    return new StillhouseError('unavailable', `The gateway can't be reached: ${error.message}`, cause);
  const status = error.status as number | undefined;
  const told = (error.error as { message?: unknown } | undefined)?.message;
  const sentence = (typeof told === 'string' ? told : error.message).slice(0, 300);
  const mayPass = status === undefined || status === 408 || status === 409 || status === 429 || status >= 500;
  if (mayPass && !FINAL.has(error.code))
    return new StillhouseError('unavailable', `Provider "${provider}" failed at ${doing}: ${sentence}`, cause);
  const code: ErrorCode = error.code === 'provider_key_missing' ? 'provider_key_missing' : 'tuning_failed';
  return new StillhouseError(code, `Provider "${provider}" refused ${doing}: ${sentence}`, { ...cause, data: { status } });
}
