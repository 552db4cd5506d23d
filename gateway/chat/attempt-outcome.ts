import { askedTierUsd } from '../limits/worst-case.ts';
import { type ErrorCode, StillhouseError } from '../../contracts/errors.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import type { Usage } from '../providers/provider.ts';
import type { CircuitBreakers } from '../routing/circuit-breaker.ts';
import { isRetryableStatus } from './call.ts';
import type { ChatRequest } from './chat-request.ts';
import { estimateUsage } from './completion-facts.ts';

/** After these nobody knows whether the provider charges. */
export const UNKNOWN_COST = new Set<ErrorCode>(['upstream_reset', 'upstream_timeout', 'upstream_invalid', 'internal']);

/** Its key, its account, a model that it has no more. */
const OF_TARGET = new Set([401, 402, 403, 404]);

/** Whether an error status lies with the target, and other ones may do better. */
export function isOfTarget(status: number): boolean {
  return OF_TARGET.has(status);
}

/** As providers say that a prompt has more tokens than this model reads, or that a field is none of its own. Each has its own words. */
const BEYOND_TARGET =
  /context[_ ](?:length|window|limit|size)|(?:prompt|input|inputs?`?|messages?) (?:is|are) too long|too many tokens|tokens?\b.{0,60}\bexceeds?\b|maximum prompt length|`inputs` tokens|unsupported_(?:parameter|value)/i;

/** Whether an error lies with the request and yet with what this target can do of it: one with a longer context may take it. */
export function isBeyondTarget(status: number, text: string): boolean {
  return status === 413 || ((status === 400 || status === 422) && BEYOND_TARGET.test(text.slice(0, 2000)));
}

/** Tells a target's breaker of its answer; whether it may do better a moment later. */
export function heardAnswer(
  breakers: CircuitBreakers,
  target: string,
  { status, headers }: { status: number; headers: Readonly<Record<string, string>> },
): boolean {
  const retryable = isRetryableStatus(status) && headers['x-should-retry'] !== 'false';
  // What lies with the request, another target would say too; a rate limit says that the target is well.
  if (retryable && status !== 429) breakers.failed(target);
  else breakers.succeeded(target);
  return retryable;
}

/** Tells a target's breaker that no answer came. */
export function heardNothing(breakers: CircuitBreakers, target: string, failure: StillhouseError): void {
  if (failure.retryable) breakers.failed(target);
  else breakers.dropped(target);
}

/** No target was asked, for none could be. */
export function allFailing(breakers: CircuitBreakers, targets: readonly string[]): StillhouseError {
  const waitMs = Math.min(...targets.map((target) => breakers.waitMs(target)));
  const message = `${targets.length === 1 ? `The target "${targets[0]}" has` : 'All targets have'} failed again and again: no call goes there for the moment`;
  return new StillhouseError('unavailable', message, { data: { retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)) } });
}

export function unknownTarget(target: string): StillhouseError {
  return new StillhouseError('unavailable', `The target "${target}" is of no provider that this gateway knows`, { retryable: false });
}

interface Estimating {
  catalogue: Pick<Catalogue, 'find'>;
  /** What was asked. */
  body: Readonly<Record<string, unknown>>;
}

/** Notes in an attempt what it is estimated to have used; what that costs in US dollars, null where nobody knows. */
export function chargeEstimate(attempt: AttemptRow, usage: Usage, { catalogue, body }: Estimating): number | null {
  attempt.tokens_in = usage.tokensIn;
  attempt.tokens_out = usage.tokensOut;
  const provider = catalogue.find(attempt.target)?.provider;
  attempt.cost_usd = provider ? askedTierUsd({ provider, model: attempt.model }, usage, body['service_tier']) : null;
  return attempt.cost_usd;
}

/**
 * Of who gave no answer nobody knows whether it charges: in US dollars, as much as of a call that a crash cuts off, else who has calls time
 * out pays nothing. 0 where it has no price.
 */
export function unansweredUsd(target: string, request: ChatRequest, catalogue: Pick<Catalogue, 'find'>): number {
  const callable = catalogue.find(target);
  return (callable && askedTierUsd(callable, estimateUsage(request), request.body['service_tier'])) ?? 0;
}
