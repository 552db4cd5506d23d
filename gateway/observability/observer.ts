import type { TraceRow } from '../../contracts/traces.ts';

/** What of a call is not in its trace. */
export interface CallTimes {
  /** Milliseconds since 1970 when the call came. */
  beganAt: number;
  /** Of the call, exactly. */
  totalMs: number;
  /** Of these, what the gateway itself took: not waiting for a provider, nor for a retry. null where a stream mixes both. */
  overheadMs: number | null;
  /** The caller's `traceparent`. */
  parent: string | undefined;
}

/** Is told of each call once its trace is made. It must not throw, and costs every call. */
export interface CallObserver {
  ended(row: TraceRow, times: CallTimes): void;
}
