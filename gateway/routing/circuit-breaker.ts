import type { BreakerState } from '../../contracts/providers.ts';

export interface BreakerOptions {
  /** So many failures one after the other open it. */
  failures: number;
  /** It stays open so long, twice as long after each probe that failed, */
  openMs: number;
  /** at most so long. */
  maxOpenMs: number;
}

/** How a target's breaker stands that has failed of late. */
export interface BreakerStanding {
  target: string;
  state: BreakerState;
  /** Until the next probe; 0 where calls go. */
  waitMs: number;
}

interface Circuit {
  failures: number;
  /** `now()` from which a probe may go; 0 while closed. */
  openUntil: number;
  openedMs: number;
  probing: boolean;
}

/** Circuit breakers, one a target. A target that has answered keeps no memory here. */
export interface CircuitBreakers {
  /** Whether a call may go there now; while half open, one at a time. What it returns must be told by `succeeded`, `began`, `failed` or `dropped`. */
  enter(target: string): boolean;
  /** Its stream has begun: other calls may go there, but what failed before is forgotten with its good end only. `succeeded` or `failed` may follow. */
  began(target: string): void;
  succeeded(target: string): void;
  failed(target: string): void;
  /** The call ended without saying anything of the target: the caller went away. */
  dropped(target: string): void;
  /** Milliseconds until the next probe; 0 where calls go. */
  waitMs(target: string): number;
  states(): BreakerStanding[];
}

/** `now` in milliseconds, never backwards. Names of targets come from callers, but only those that failed are remembered. */
export function circuitBreakers(options: BreakerOptions, now: () => number): CircuitBreakers {
  const circuits = new Map<string, Circuit>();
  const stateOf = ({ openUntil, probing }: Circuit): BreakerState => {
    if (openUntil === 0) return 'closed';
    return probing || now() >= openUntil ? 'half-open' : 'open';
  };
  return {
    enter(target) {
      const circuit = circuits.get(target);
      if (!circuit || circuit.openUntil === 0) return true;
      if (circuit.probing || now() < circuit.openUntil) return false;
      circuit.probing = true;
      return true;
    },
    began(target) {
      const circuit = circuits.get(target);
      if (!circuit?.probing) return;
      // One more failure opens it again.
      Object.assign(circuit, { probing: false, openUntil: 0, failures: options.failures - 1 });
    },
    succeeded: (target) => void circuits.delete(target),
    failed(target) {
      let circuit = circuits.get(target);
      if (!circuit) circuits.set(target, (circuit = { failures: 0, openUntil: 0, openedMs: 0, probing: false }));
      circuit.failures++;
      const probed = circuit.probing;
      circuit.probing = false;
      // Calls that were under way when it opened say nothing new.
      if (circuit.openUntil > 0 && !probed) return;
      if (!probed && circuit.failures < options.failures) return;
      circuit.openedMs = circuit.openedMs > 0 ? Math.min(options.maxOpenMs, circuit.openedMs * 2) : options.openMs;
      circuit.openUntil = now() + circuit.openedMs;
    },
    dropped(target) {
      const circuit = circuits.get(target);
      if (circuit) circuit.probing = false;
    },
    waitMs(target) {
      const circuit = circuits.get(target);
      return circuit ? Math.max(0, circuit.openUntil - now()) : 0;
    },
    states: () =>
      [...circuits].map(([target, circuit]) => ({ target, state: stateOf(circuit), waitMs: Math.max(0, circuit.openUntil - now()) })),
  };
}
