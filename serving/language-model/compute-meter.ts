/** Shares the cores' time out among the calls that are computed at the same time. */
export interface ComputeMeter {
  /** Begins a call that can use so many cores; the function ends it (once) and gives its milliseconds of one core. */
  begin(cores: number): () => number;
  /** Milliseconds of one core in all, of calls that have ended. */
  total(): number;
}

/**
 * Processor sharing: at any moment the calls in work use the cores that they can, at most `cores()`, in shares by what
 * each could use. What a call's share adds up to is what its answer cost; waiting and batching cost nothing extra.
 */
export function createComputeMeter(cores: () => number, now: () => number = () => performance.now()): ComputeMeter {
  let wanted = 0;
  let changedAt = now();
  /** Milliseconds that a call of one core would have had since the start. */
  let share = 0;
  let total = 0;
  const advance = () => {
    const at = now();
    if (wanted > 0) share += (at - changedAt) * Math.min(1, cores() / wanted);
    changedAt = at;
  };
  return {
    begin(callCores) {
      advance();
      wanted += callCores;
      const from = share;
      let spent: number | null = null;
      return () => {
        if (spent !== null) return spent;
        advance();
        wanted -= callCores;
        spent = (share - from) * callCores;
        total += spent;
        return spent;
      };
    },
    total: () => total,
  };
}
