import { expect, test } from 'vitest';
import { AdaptiveLimit } from './adaptive-limit.ts';

test('halves once for calls that were in flight together, grows by one a round', () => {
  const limit = new AdaptiveLimit(32);
  for (let i = 0; i < 10; i++) limit.overloaded(5_000);
  expect(limit.limit).toBe(16);
  limit.overloaded(7_000);
  expect(limit.limit).toBe(8);
  for (let i = 0; i < 9; i++) limit.succeeded();
  expect(limit.limit).toBe(9);
  for (let i = 0; i < 10_000; i++) limit.succeeded();
  expect(limit.limit).toBe(32);
});

test('never falls below one, and lets in only as many as it allows', async () => {
  const limit = new AdaptiveLimit(2);
  for (let i = 1; i < 5; i++) limit.overloaded(i * 2_000);
  expect(limit.limit).toBe(1);
  await limit.enter();
  let entered = false;
  const second = limit.enter().then(() => (entered = true));
  await Promise.resolve();
  expect(entered).toBe(false);
  limit.leave();
  await second;
  expect(limit.inFlight).toBe(1);
});
