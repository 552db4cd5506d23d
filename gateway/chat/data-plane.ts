import type { Logger } from '../../platform/logger.ts';
import type { SnapshotHolder } from '../aliases/snapshot-holder.ts';
import type { AnswerCache } from '../cache/answer-cache.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { CallLimits } from '../limits/call-limits.ts';
import type { Admission } from '../limits/admission.ts';
import type { Catalogue } from '../providers/catalogue.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { CallObserver } from '../observability/observer.ts';
import type { Siblings } from '../processes/siblings.ts';
import type { FileOwners } from './named-files.ts';
import type { CircuitBreakers } from '../routing/circuit-breaker.ts';
import type { RetryPolicy } from '../routing/retry.ts';
import type { Conversations } from '../ways-in/responses/conversations.ts';
import type { Tracer } from '../tracing/tracer.ts';

/** What `/v1` works with. */
export interface DataPlane {
  keys: KeyRing;
  snapshots: SnapshotHolder;
  catalogue: Catalogue;
  tracer: Tracer;
  observers: readonly CallObserver[];
  metrics: Metrics;
  siblings: Siblings;
  conversations: Conversations;
  /** Absent: files that a call names are not looked up. */
  files?: FileOwners;
  idempotency: Idempotency;
  cache: AnswerCache;
  admission: Admission;
  limits: CallLimits;
  breakers: CircuitBreakers;
  retry: RetryPolicy;
  maxBodyBytes: number;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Uniform in [0, 1). */
  random: () => number;
  log: Logger;
}
