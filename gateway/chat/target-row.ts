import type { CircuitBreakers } from '../routing/circuit-breaker.ts';
import { type RetryPolicy, waitBefore } from '../routing/retry.ts';

/** What a row of targets is walked with. */
export interface RowParts {
  breakers: Pick<CircuitBreakers, 'enter'>;
  retry: RetryPolicy;
  /** Uniform in [0, 1). */
  random: () => number;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Whether a target can take what is asked now. */
type MayTake = (target: string) => boolean;

/**
 * A call's targets in order, round after round. A round asks each once: but those that would say the same again, and those that
 * want to be spared for longer than was waited. How long one wants to be spared holds nobody up who does not.
 */
export class TargetRow {
  readonly #targets: readonly string[];
  readonly #parts: RowParts;
  #round = 0;
  #at = 0;
  /** Those that may do better after so many milliseconds; null: they would say the same again. Most calls have none. */
  #failed: Map<string, number | null> | null = null;
  #passedOver: Set<string> | null = null;

  constructor(targets: readonly string[], parts: RowParts) {
    this.#targets = targets;
    this.#parts = parts;
  }

  /** The next one of this round that calls may go to; null at its end. */
  next(mayTake: MayTake): string | null {
    while (this.#at < this.#targets.length) {
      const target = this.#targets[this.#at++]!;
      if (this.#failed?.has(target) || !mayTake(target)) continue;
      if (this.#parts.breakers.enter(target)) {
        this.#passedOver?.delete(target);
        return target;
      }
      (this.#passedOver ??= new Set()).add(target);
    }
    return null;
  }

  /** Those that could have taken it and were not asked, for they are failing. */
  get passedOver(): ReadonlySet<string> {
    return this.#passedOver ?? NOBODY;
  }

  /** It failed: `afterMs` from now it may do better; null: it would say the same again. */
  failed(target: string, afterMs: number | null): void {
    (this.#failed ??= new Map()).set(target, afterMs);
  }

  /** Begins another round: milliseconds to wait before it, null where none would help. The last one waits for all whose wait is not too long. */
  again(mayTake: MayTake): number | null {
    const { retry, random } = this.#parts;
    if (this.#failed === null || this.#round >= retry.retries) return null;
    const later = [...this.#failed].filter((entry): entry is [string, number] => entry[1] !== null);
    const waits = later.filter(([target, ms]) => ms <= retry.maxMs && mayTake(target)).map(([, ms]) => ms);
    if (waits.length === 0) return null;
    this.#round++;
    this.#at = 0;
    const waitMs = waitBefore(this.#round, this.#round === retry.retries ? Math.max(...waits) : Math.min(...waits), retry, random);
    for (const [target, ms] of later) {
      if (ms > waitMs) this.#failed.set(target, ms - waitMs);
      else this.#failed.delete(target);
    }
    return waitMs;
  }
}
