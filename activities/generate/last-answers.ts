import type { Context } from '@temporalio/activity';
import { CALL_TIMEOUT_MS } from './teacher-call.ts';

/** A worker that stops is killed soon: what is not answered by then is lost anyway. */
const SHUTDOWN_MS = 4_000;
/** The longest call, and the time to journal its answer. */
const PERSON_MS = CALL_TIMEOUT_MS + 5_000;

/** How long calls in flight may still be answered: a person who pauses or cancels has paid for them. */
export function lastAnswersMs(details: Context['cancellationDetails']): number {
  return details?.cancelRequested || details?.paused ? PERSON_MS : SHUTDOWN_MS;
}

/** A signal that follows `signal` after a grace, which is asked for then. */
export function abandonAfter(signal: AbortSignal, graceMs: () => number): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = () => (timer = setTimeout(() => controller.abort(signal.reason), graceMs()));
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  return {
    signal: controller.signal,
    clear: () => {
      signal.removeEventListener('abort', begin);
      clearTimeout(timer);
    },
  };
}
