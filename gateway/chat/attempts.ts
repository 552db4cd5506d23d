import { StillhouseError } from '../../contracts/errors.ts';
import { splitTarget } from '../../contracts/identifiers.ts';
import type { RegistrySnapshot } from '../../contracts/registry.ts';
import type { AttemptRow } from '../../contracts/traces.ts';
import type { Callable, Catalogue } from '../providers/catalogue.ts';
import type { CancelSignal } from '../providers/cancel-signal.ts';
import type { ProviderAnswer } from '../providers/provider.ts';
import { classOfStatus, isRetryableStatus, type Call } from './call.ts';
import { completionFacts, type CompletionFacts } from './completion-facts.ts';
import { asStillhouseError } from './openai-error.ts';

/** The answer that a call gets, good or bad, and who gave it. */
export interface Answered {
  callable: Callable;
  attempt: AttemptRow;
  answer: ProviderAnswer;
  /** Of a whole answer that is a completion. */
  facts: CompletionFacts | null;
}

/**
 * Asks the route's targets in order until one answers, or fails in a way that another would not mend. Every attempt is
 * noted in the call. A provider's own error comes back as its answer; what gave none throws.
 */
export async function askTargets(call: Call, catalogue: Catalogue, snapshot: RegistrySnapshot, signal: CancelSignal): Promise<Answered> {
  const { targets } = call.route;
  for (const [index, target] of targets.entries()) {
    const isLast = index === targets.length - 1;
    const attempt = newAttempt(target);
    call.attempts.push(attempt);
    const began = performance.now();
    try {
      const answered = await askTarget(call, target, attempt, { catalogue, snapshot, signal });
      attempt.latency_ms = Math.round(performance.now() - began);
      if (isLast || answered.answer.status < 400 || !isRetryableStatus(answered.answer.status)) return answered;
    } catch (error) {
      const failure = asStillhouseError(error);
      attempt.latency_ms = Math.round(performance.now() - began);
      attempt.error_class = failure.code;
      if (isLast || !mayFallBack(failure)) throw failure;
    }
  }
  throw new StillhouseError('internal', 'An alias without targets was called');
}

async function askTarget(
  call: Call,
  target: string,
  attempt: AttemptRow,
  from: { catalogue: Catalogue; snapshot: RegistrySnapshot; signal: CancelSignal },
): Promise<Answered> {
  const callable = from.catalogue.find(target);
  if (!callable) throw new StillhouseError('unavailable', `The target "${target}" is of no provider that this gateway knows`);
  if (from.signal.aborted) throw new StillhouseError('cancelled', 'The caller went away');
  const { request } = call;
  const answer = await callable.provider.call({ model: callable.model, request, snapshot: from.snapshot, signal: from.signal });
  attempt.status = answer.status;
  if (answer.status >= 400) attempt.error_class = classOfStatus(answer.status);
  if (answer.form === 'stream' || answer.status >= 400) return { callable, attempt, answer, facts: null };
  const facts = completionFacts(answer.text);
  if (!facts) {
    throw new StillhouseError(
      'upstream_invalid',
      `Provider "${callable.provider.id}" answered ${answer.status} with something that is not a completion`,
    );
  }
  return { callable, attempt, answer, facts };
}

/** Other targets can mend what lies with this one (its network, key, artifact), not what lies with the request or the caller. */
function mayFallBack(failure: StillhouseError): boolean {
  return (
    failure.retryable ||
    failure.code === 'provider_key_missing' ||
    failure.code === 'artifact_missing' ||
    failure.code === 'artifact_corrupt'
  );
}

function newAttempt(target: string): AttemptRow {
  const { provider, model } = splitTarget(target) ?? { provider: '', model: target };
  return { target, provider, model, status: 0, error_class: '', latency_ms: 0, tokens_in: 0, tokens_out: 0, cost_usd: null };
}
