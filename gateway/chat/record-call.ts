import type { CallObserver } from '../observability/observer.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { NamedKind } from './call-kind.ts';
import { rowOf, type Call, type Outcome } from './call.ts';

/** Who learns of a call that is over. */
export interface Recording {
  tracer: Tracer;
  observers: readonly CallObserver[];
}

/** Writes a call's trace; resolves once it is in the spool, and with it the answer may end. */
export function recordCall(call: Call<NamedKind>, answered: Outcome, { tracer, observers }: Recording): Promise<void> {
  const outcome = call.lostUsd > 0 ? withLost(answered, call.lostUsd) : answered;
  call.outcome = outcome;
  const row = rowOf(call, outcome);
  const recorded = tracer.end(row);
  if (observers.length === 0) return recorded;
  const totalMs = performance.now() - call.beganMs;
  const isMixed = row.streamed || row.response_bytes !== undefined;
  const overheadMs = isMixed && row.status === 'ok' ? null : Math.max(0, totalMs - call.waitedMs);
  for (const observer of observers) observer.ended(row, { beganAt: call.beganAt, totalMs, overheadMs, parent: call.parent });
  return recorded;
}

/** With what targets may charge that another one was faster than. */
function withLost(answered: Outcome, lostUsd: number): Outcome {
  if (answered.costUsd != null) return { ...answered, costUsd: answered.costUsd + lostUsd };
  return { ...answered, estimatedUsd: (answered.estimatedUsd ?? 0) + lostUsd };
}
