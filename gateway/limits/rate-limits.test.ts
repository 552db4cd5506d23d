import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { isStillhouseError, type StillhouseError } from '../../contracts/errors.ts';
import type { Caller } from '../keys/caller.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';

beforeEach(() => void vi.useFakeTimers({ now: Date.parse('2026-01-01T00:00:00Z') }));
afterEach(() => void vi.useRealTimers());

const caller = (requestsPerMinute: number | null, tokensPerMinute: number | null, keyId = 'key_1'): Caller => ({
  keyId,
  role: 'app',
  project: 'acme',
  limits: { requestsPerMinute, tokensPerMinute, usdPerDay: null, usdPerMonth: null },
});
async function refusalOf(limits: RateLimits, who: Caller, tokens = 1): Promise<StillhouseError> {
  const error: unknown = await limits.take(who, tokens)!.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!isStillhouseError(error, 'rate_limited')) throw new Error('was let in');
  return error;
}

test('a key without such limits is asked nothing', () => {
  const limits = createRateLimits({ valkey: null });
  expect(limits.take({ keyId: 'admin', role: 'admin', project: 'default' }, 5)).toBeNull();
  expect(limits.take(caller(null, null), 5)).toBeNull();
});

test('requests of a minute: so many and no more, each key its own, and again after it', async () => {
  const limits = createRateLimits({ valkey: null });
  const first = await limits.take(caller(2, null), 1);
  expect(first!.headers).toEqual({
    'x-ratelimit-limit-requests': '2',
    'x-ratelimit-remaining-requests': '1',
    'x-ratelimit-reset-requests': '60.000s',
  });
  await limits.take(caller(2, null), 1);
  vi.advanceTimersByTime(20_000);
  const refused = await refusalOf(limits, caller(2, null));
  expect(refused.message).toContain('2 requests a minute. Try again in 40 s');
  expect(refused.data).toMatchObject({ retryAfterS: 40, headers: { 'x-ratelimit-remaining-requests': '0' } });
  expect(limits.refused()).toBe(1);
  const named = await refusalOf(limits, { ...caller(2, null), keyName: 'app' });
  expect(named.message).toContain('The key "app" (key_1) has 2 requests a minute');
  await limits.take(caller(2, null, 'key_2'), 1);
  vi.advanceTimersByTime(40_000);
  expect((await limits.take(caller(2, null), 1))!.headers['x-ratelimit-remaining-requests']).toBe('1');
});

test('where the clock is set back, nobody is told to wait for longer than a minute, nor has to', async () => {
  const limits = createRateLimits({ valkey: null });
  await limits.take(caller(2, null), 1);
  vi.setSystemTime(Date.parse('2025-12-30T00:00:00Z'));
  expect((await limits.take(caller(2, null), 1))!.headers['x-ratelimit-reset-requests']).toBe('60.000s');
  const refused = await refusalOf(limits, caller(2, null));
  expect(refused.message).toContain('Try again in 60 s');
  expect(refused.data).toMatchObject({ retryAfterS: 60, headers: { 'x-ratelimit-reset-requests': '60.000s' } });
  vi.advanceTimersByTime(60_000);
  expect((await limits.take(caller(2, null), 1))!.headers['x-ratelimit-remaining-requests']).toBe('1');
});

test('tokens: the estimate is taken, the truth settles it, and what was turned away has used nothing', async () => {
  const limits = createRateLimits({ valkey: null });
  const who = caller(10, 100);
  const call = (await limits.take(who, 60))!;
  const refused = await refusalOf(limits, who, 60);
  expect(refused.message).toContain('this call may need 60, 40 are left');
  await refusalOf(limits, who, 60);
  expect((await limits.take(who, 40))!.headers['x-ratelimit-remaining-tokens']).toBe('0');
  call.settle(10);
  const next = (await limits.take(who, 50))!;
  expect(next.headers).toMatchObject({ 'x-ratelimit-remaining-tokens': '0', 'x-ratelimit-remaining-requests': '7' });
  // More than was estimated counts too.
  next.settle(80);
  expect((await refusalOf(limits, who, 1)).message).toContain('0 are left');
});

test('a call that ends after its minute changes nothing of the next one', async () => {
  const limits = createRateLimits({ valkey: null });
  const who = caller(null, 100);
  const long = (await limits.take(who, 90))!;
  vi.advanceTimersByTime(61_000);
  long.settle(1);
  expect((await limits.take(who, 100))!.headers['x-ratelimit-remaining-tokens']).toBe('0');
});

test('requests that are turned away give their tokens back', async () => {
  const limits = createRateLimits({ valkey: null });
  const who = caller(1, 100);
  await limits.take(who, 10);
  await refusalOf(limits, who, 90);
  expect((await limits.take(caller(null, 100), 90))!.headers['x-ratelimit-remaining-tokens']).toBe('0');
});

test('a call that never fits is told so', async () => {
  const limits = createRateLimits({ valkey: null });
  const refused = await refusalOf(limits, caller(null, 100), 200);
  expect([refused.retryable, refused.message]).toEqual([false, expect.stringContaining('it never fits')]);
  // No `retry-after`, which clients would wait for.
  expect(refused.data).toEqual({
    limit: 'tokensPerMinute',
    headers: expect.objectContaining({ 'x-should-retry': 'false', 'x-ratelimit-remaining-tokens': '100' }) as object,
  });
  expect((await limits.take(caller(null, 100), 100))!.headers['x-ratelimit-remaining-tokens']).toBe('0');
});
