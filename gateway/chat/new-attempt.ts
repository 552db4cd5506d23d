import { splitTarget } from '../../contracts/identifiers.ts';
import type { AttemptRow } from '../../contracts/traces.ts';

/** An attempt before anything is known of it. */
export function newAttempt(target: string): AttemptRow {
  const { provider, model } = splitTarget(target) ?? { provider: '', model: target };
  return { target, provider, model, status: 0, error_class: '', latency_ms: 0, tokens_in: 0, tokens_out: 0, cost_usd: null };
}
