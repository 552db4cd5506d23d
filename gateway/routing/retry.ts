import type { StillhouseError } from '../../contracts/errors.ts';

export interface RetryPolicy {
  /** Rounds over the targets after the first; 0 = each target is asked once. */
  retries: number;
  /** Before round n a call waits up to `baseMs · 2^(n-1)`, at most `maxMs`. */
  baseMs: number;
  maxMs: number;
}

/**
 * Milliseconds to wait before round `round` (1 is the first retry). Full jitter (M. Brooker, "Exponential backoff and jitter", AWS
 * 2015): uniform between 0 and the bound, on top of the `asked` milliseconds that the provider wants. More of these than `maxMs`
 * are the caller's to wait: then the provider's own `Retry-After` goes back to them.
 */
export function waitBefore(round: number, asked: number, policy: RetryPolicy, random: () => number): number {
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (round - 1));
  return asked + random() * bound;
}

/** Milliseconds that an answer asks to wait: `retry-after-ms`, or `retry-after` in seconds or as a date; null where it asks for nothing. */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number | null {
  const exact = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const text = headers['retry-after'];
  if (text === undefined) return null;
  const seconds = Number(text);
  if (Number.isFinite(seconds) && text.trim() !== '') return Math.max(0, seconds * 1000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** Whether the same target may do better a moment later. A time-out has had its time, and what is not our call's fault is no better. */
export function mayRetry(failure: StillhouseError): boolean {
  return failure.retryable && failure.code !== 'upstream_timeout';
}
