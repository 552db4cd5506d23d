import type { TraceRow } from '../../contracts/traces.ts';
import type { Caller } from '../keys/caller.ts';
import type { CallObserver } from '../observability/observer.ts';
import type { LiveValue } from '../observability/metrics.ts';
import type { Usage } from '../providers/provider.ts';
import { batchHold } from './batch-hold.ts';
import type { Budgets, Reservation } from './budgets.ts';
import type { RateLimits, TakenRate } from './rate-limits.ts';
import type { ValkeyConnection } from './valkey.ts';

/** A call that asks to be let in. */
export interface LimitedCall {
  /** Of its trace. */
  id: string;
  /** Milliseconds since 1970. */
  beganAt: number;
  /** Of `worstUsage`; asked only where something is limited. */
  usage: () => Usage;
  /** Of `worstUsd`. */
  worstUsd: () => number | null;
}

/** What a call holds until it is over. */
export interface Admitted {
  /** `x-ratelimit-*`, for the answer. */
  readonly headers: Readonly<Record<string, string>>;
  /** Gives everything back: for a call that ends without a trace. A call that is recorded settles by itself. */
  release(): void;
}

/** Limits of keys and budgets of keys and projects: one gate before a call, and an observer that settles after it. */
export interface CallLimits extends CallObserver {
  /**
   * Before the call's start is recorded. null at once where nothing is limited. Rejects with `rate_limited` (`data.headers`
   * and `data.retryAfterS` are for the answer) or `budget_exceeded`.
   */
  enter(caller: Caller, call: LimitedCall): Promise<Admitted> | null;
  /**
   * What a call begins that goes on after it, a batch: `call` is the call that makes it. null at once where nothing is limited. Rejects
   * with `budget_exceeded`.
   */
  hold(caller: Caller, call: Omit<LimitedCall, 'usage'>): Promise<Reservation> | null;
  /** For `/metrics`. */
  liveValues(): LiveValue[];
  close(): void;
}

interface Held {
  rate: TakenRate | null;
  reservation: Reservation | null;
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});

interface Parts {
  rates: RateLimits;
  budgets: Budgets;
  valkey: ValkeyConnection | null;
}

/** Puts rate limits and budgets together. */
export function createCallLimits({ rates, budgets, valkey }: Parts): CallLimits {
  /** By trace. */
  const held = new Map<string, Held>();
  const settle = (id: string, tokens: number, costUsd: number | null) => {
    const found = held.get(id);
    if (!found) return;
    held.delete(id);
    found.rate?.settle(tokens);
    found.reservation?.settle(costUsd);
  };
  const enter = async (caller: Caller, call: LimitedCall): Promise<Admitted> => {
    const usage = call.usage();
    const rate = await rates.take(caller, usage.tokensIn + usage.tokensOut);
    let reservation: Reservation | null = null;
    try {
      reservation = await budgets.reserve(caller, { id: call.id, atMs: call.beganAt, worstUsd: call.worstUsd() });
    } catch (error) {
      rate?.settle(0);
      throw error;
    }
    held.set(call.id, { rate, reservation });
    return { headers: rate?.headers ?? NOTHING, release: () => settle(call.id, 0, 0) };
  };
  return {
    enter(caller, call) {
      return rates.limits(caller) || budgets.limits(caller) ? enter(caller, call) : null;
    },
    hold(caller, { id, beganAt, worstUsd }) {
      return budgets.reserve(caller, { id: batchHold(id), atMs: beganAt, worstUsd: worstUsd() });
    },
    ended(row: TraceRow) {
      if (held.size > 0) settle(row.id, row.tokens_in + row.tokens_out, countedUsd(row));
    },
    liveValues: () => [
      { name: 'rate_limited_total', type: 'counter', help: 'Calls turned away by limits of their keys', value: () => rates.refused() },
      { name: 'budget_exceeded_total', type: 'counter', help: 'Calls turned away by budgets', value: () => budgets.refused },
      ...(valkey
        ? [{ name: 'valkey_up', type: 'gauge' as const, help: '1 while limits are shared', value: () => (valkey.ready() ? 1 : 0) }]
        : []),
    ],
    close() {
      budgets.close();
      valkey?.close();
    },
  };
}

/** The cost with what is estimated beside it; null where nobody knows either. */
function countedUsd({ cost_usd: usd, cost_estimated_usd: estimatedUsd }: TraceRow): number | null {
  return usd === null && estimatedUsd == null ? null : (usd ?? 0) + (estimatedUsd ?? 0);
}
