import fc from 'fast-check';
import { expect, test } from 'vitest';
import { circuitBreakers } from './circuit-breaker.ts';
import { retryAfterMs, waitBefore } from './retry.ts';

const policy = { retries: 2, baseMs: 200, maxMs: 8000 };

test('waits are uniform up to a bound that doubles, on top of what the provider asked for', () => {
  expect([1, 2, 3].map((round) => waitBefore(round, 0, policy, () => 0.5))).toEqual([100, 200, 400]);
  expect(waitBefore(1, 3000, policy, () => 0.5)).toBe(3100);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (round, chance) => {
      const wait = waitBefore(round, 0, policy, () => chance);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(policy.maxMs);
    }),
  );
});

test('Retry-After in its three forms', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterMs({}, now)).toBeNull();
  expect(retryAfterMs({ 'retry-after': '2' }, now)).toBe(2000);
  expect(retryAfterMs({ 'retry-after': '2', 'retry-after-ms': '150' }, now)).toBe(150);
  expect(retryAfterMs({ 'retry-after': 'Thu, 01 Jan 2026 00:00:03 GMT' }, now)).toBe(3000);
  expect(retryAfterMs({ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, now)).toBe(0);
  expect(retryAfterMs({ 'retry-after': 'soon' }, now)).toBeNull();
  expect(retryAfterMs({ 'retry-after': '' }, now)).toBeNull();
});

test('a breaker opens after failures in a row, lets one probe through, and closes or stays open twice as long', () => {
  let now = 1000;
  const breakers = circuitBreakers({ failures: 3, openMs: 100, maxOpenMs: 300 }, () => now);
  const fail = (times: number) => {
    for (let i = 0; i < times; i++) breakers.failed('a/x');
  };
  fail(2);
  breakers.succeeded('a/x');
  fail(2);
  expect(breakers.enter('a/x')).toBe(true);
  fail(1);
  expect(breakers.enter('a/x')).toBe(false);
  expect(breakers.enter('a/y')).toBe(true);
  expect(breakers.waitMs('a/x')).toBe(100);
  // Calls that were under way do not open it for longer.
  now += 50;
  fail(1);
  expect(breakers.waitMs('a/x')).toBe(50);
  now += 50;
  expect([breakers.enter('a/x'), breakers.enter('a/x')]).toEqual([true, false]);
  fail(1);
  expect(breakers.waitMs('a/x')).toBe(200);
  now += 200;
  expect(breakers.states()).toEqual([{ target: 'a/x', state: 'half-open', waitMs: 0 }]);
  expect(breakers.enter('a/x')).toBe(true);
  // The prober went away: the next call probes.
  breakers.dropped('a/x');
  expect(breakers.enter('a/x')).toBe(true);
  breakers.succeeded('a/x');
  expect(breakers.states()).toEqual([]);
  expect([breakers.enter('a/x'), breakers.enter('a/x')]).toEqual([true, true]);
});

test('streams that begin well and break off open a breaker; one that ends well closes it', () => {
  let now = 1000;
  const breakers = circuitBreakers({ failures: 3, openMs: 100, maxOpenMs: 300 }, () => now);
  const stream = () => {
    expect(breakers.enter('a/x')).toBe(true);
    breakers.began('a/x');
  };
  const breaksOff = () => {
    stream();
    breakers.failed('a/x');
  };
  breaksOff();
  breaksOff();
  stream();
  breakers.succeeded('a/x');
  for (let i = 0; i < 3; i++) breaksOff();
  expect(breakers.enter('a/x')).toBe(false);
  expect(breakers.waitMs('a/x')).toBe(100);
  now += 100;
  // A probe whose stream has begun holds up nobody, and opens it for twice as long where it breaks off.
  stream();
  stream();
  breakers.failed('a/x');
  expect(breakers.waitMs('a/x')).toBe(200);
  now += 200;
  stream();
  breakers.succeeded('a/x');
  expect(breakers.states()).toEqual([]);
});
