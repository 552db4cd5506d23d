import type { PartName } from '../../contracts/names.ts';

/** How a part of the stack is started, waited for and stopped. */
export interface PartDefinition {
  name: PartName;
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  /** What `run/parts.json` says of it. */
  address: string | null;
  /**
   * `message`: one of our programs, which reports by `reportReady()` of platform/lifecycle.ts and ends when its stdin
   * does. Otherwise a question that is put to it until it says yes.
   */
  ready: 'message' | (() => Promise<boolean>);
  /** How long it may take to end by itself before it is killed. */
  graceMs: number;
  /** Parts of the highest tier are stopped first; those of one tier at once. */
  tier: number;
}

/** How fast a part that ended is started again. */
export interface Backoff {
  firstMs: number;
  mostMs: number;
  /** After so long in good health the count begins anew. */
  resetAfterMs: number;
}

/** 0.2 s, doubling up to 10 s; a minute of health forgives. */
export const DEFAULT_BACKOFF: Backoff = { firstMs: 200, mostMs: 10_000, resetAfterMs: 60_000 };

/** The pause before the start that follows `failures` ends in a row (at least 1). */
export function backoffMs(backoff: Backoff, failures: number): number {
  return Math.min(backoff.mostMs, backoff.firstMs * 2 ** (failures - 1));
}
