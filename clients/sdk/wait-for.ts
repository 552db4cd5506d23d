import { StillhouseApiError } from './api-error.ts';

/** How patiently a condition is waited for. */
export interface WaitOptions {
  /** Default: 30 minutes. */
  timeoutMs?: number;
  /** Default: 500 ms. */
  intervalMs?: number;
  signal?: AbortSignal;
}

/**
 * Asks until `isDone` holds and returns that value. A gateway that is away for a moment is asked again; any other
 * failure is thrown. Throws a `TimeoutError` where it takes longer than `timeoutMs`.
 */
export async function waitFor<T>(
  what: string,
  ask: () => Promise<T>,
  isDone: (value: T) => boolean,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 30 * 60_000, intervalMs = 500, signal } = options;
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      const value = await ask();
      if (isDone(value)) return value;
    } catch (error) {
      if (!(error instanceof StillhouseApiError && error.retryable)) throw error;
    }
    if (Date.now() >= end) throw new DOMException(`${what} took longer than ${Math.round(timeoutMs / 1000)} s.`, 'TimeoutError');
    await pause(intervalMs, signal);
  }
}

/** Resolves after a time; rejects with the signal's reason when it is aborted. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', stop, { once: true });
    function done() {
      signal?.removeEventListener('abort', stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    }
  });
}
