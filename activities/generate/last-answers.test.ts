import { ActivityCancellationDetails } from '@temporalio/common';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { abandonAfter, lastAnswersMs } from './last-answers.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test.each([
  ['a person cancels or pauses the run', { cancelRequested: true }, 185_000],
  ['the worker stops', { workerShutdown: true }, 4_000],
  ['nothing has moved for too long', undefined, 4_000],
])('%s: calls in flight have their time', (_why, details, graceMs) => {
  const stop = new AbortController();
  const abandon = abandonAfter(stop.signal, () => lastAnswersMs(details && new ActivityCancellationDetails(details)));
  vi.advanceTimersByTime(1_000_000);
  stop.abort();
  vi.advanceTimersByTime(graceMs - 1);
  expect(abandon.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(abandon.signal.aborted).toBe(true);
  abandon.clear();
});
