import { expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import type { Caller } from '../keys/caller.ts';
import { Budgets } from './budgets.ts';
import { createCallLimits } from './call-limits.ts';
import { createRateLimits } from './rate-limits.ts';
import type { RecordedSpend } from './recorded-spend.ts';
import { SpendAmounts } from './spend-amounts.ts';
import { worstUsage, worstUsd } from './worst-case.ts';

const nothing = async () => ({ ended: new SpendAmounts(), begun: new SpendAmounts() });
function limitsOf() {
  const budgets = new Budgets({
    snapshots: { current: emptySnapshot, projects: () => [] },
    recorded: { read: nothing, spoolsAlone: nothing } as unknown as RecordedSpend,
    shared: null,
    everyMs: 3_600_000,
    log: { warn: () => undefined, info: () => undefined } as never,
  });
  return { budgets, limits: createCallLimits({ rates: createRateLimits({ valkey: null }), budgets, valkey: null }) };
}
const caller = (limits: Partial<NonNullable<Caller['limits']>>): Caller => ({
  keyId: 'key_1',
  role: 'app',
  project: 'acme',
  limits: { requestsPerMinute: null, tokensPerMinute: null, usdPerDay: null, usdPerMonth: null, ...limits },
});
const usage = { tokensIn: 30, tokensOut: 20, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0 };
const call = (id: string, usd: number | null = 0.5) => ({ id, beganAt: Date.now(), usage: () => usage, worstUsd: () => usd });
const remaining = (headers: Readonly<Record<string, string>>) => headers['x-ratelimit-remaining-tokens'];

test('without limits nothing is asked, and nothing is reckoned', () => {
  const { limits, budgets } = limitsOf();
  const reckoned = () => {
    throw new Error('was reckoned');
  };
  const free = { id: 'a', beganAt: 0, usage: reckoned, worstUsd: reckoned };
  expect(limits.enter({ keyId: 'admin', role: 'admin', project: 'default' }, free)).toBeNull();
  expect(limits.enter(caller({}), free)).toBeNull();
  budgets.close();
});

test('the trace settles what its call held; a call without one gives it back', async () => {
  const { limits, budgets } = limitsOf();
  const who = caller({ tokensPerMinute: 100, usdPerDay: 1 });
  expect(remaining((await limits.enter(who, call('a')))!.headers)).toBe('50');
  const released = (await limits.enter(who, call('b')))!;
  await expect(limits.enter(who, call('c'))!).rejects.toMatchObject({ code: 'rate_limited' });
  released.release();
  released.release();
  limits.ended({ id: 'a', tokens_in: 10, tokens_out: 0, cost_usd: 0.25 } as TraceRow, {} as never);
  limits.ended({ id: 'unlimited', tokens_in: 10, tokens_out: 0, cost_usd: 9 } as TraceRow, {} as never);
  expect(remaining((await limits.enter(who, call('d', 0.75)))!.headers)).toBe('40');
  // What is estimated counts beside what is known.
  limits.ended({ id: 'd', tokens_in: 10, tokens_out: 0, cost_usd: 0.5, cost_estimated_usd: 0.25 } as TraceRow, {} as never);
  // No room for the dollars: the tokens are given back.
  await expect(limits.enter(who, call('e', 0.1))!).rejects.toMatchObject({ code: 'budget_exceeded' });
  expect(remaining((await limits.enter(caller({ tokensPerMinute: 100 }), call('f')))!.headers)).toBe('30');
  budgets.close();
});

test('the worst case: as long as may be, as often as asked, at the dearest price', () => {
  const body = { messages: [{ role: 'user', content: 'x'.repeat(300) }], max_tokens: 100, n: 2 };
  const request = { text: JSON.stringify(body), body, messages: body.messages };
  const worst = worstUsage(request);
  expect(worst.tokensOut).toBe(200);
  expect(worst.tokensIn).toBeGreaterThan(100);
  expect(worstUsage({ ...request, body: {} }).tokensOut).toBe(4096);
  expect(worstUsage({ ...request, body: {}, messages: [] })).toMatchObject({ tokensIn: worst.tokensIn, tokensOut: 0 });
  const image = [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what?' },
        { type: 'image_url', image_url: { url: 'https://a' } },
      ],
    },
  ];
  expect(worstUsage({ ...request, messages: image as never }).tokensIn).toBe(worst.tokensIn + 2000);
  // A picture in the request is no more tokens than one by its address, and of two bounds the larger may count.
  const url = `data:image/png;base64,${'A'.repeat(1_400_000)}`;
  const pictured = [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }];
  expect(worstUsage({ ...request, text: JSON.stringify(pictured), messages: pictured as never }).tokensIn).toBeLessThan(2100);
  expect(worstUsage({ ...request, body: { max_completion_tokens: 1, max_tokens: 5000 } }).tokensOut).toBe(5000);
  const prices: Record<string, number | null> = { 'a/a': 1, 'b/b': 3, 'c/c': null };
  const longest: Record<string, number> = { 'a/a': 50_000 };
  const catalogue = {
    find: (target: string) => {
      const cost = (_: string, usage: { tokensOut: number }) => (prices[target] == null ? null : prices[target] * usage.tokensOut);
      return { provider: { cost, longestAnswer: () => longest[target] ?? null } } as never;
    },
  };
  expect(worstUsd(['a/a', 'b/b', 'c/c'], request, catalogue)).toBe(600);
  expect(worstUsd(['c/c'], request, catalogue)).toBeNull();
  // Where the caller sets no bound, a cheaper model that answers at greater length is the dearer.
  expect(worstUsd(['a/a', 'b/b', 'c/c'], { ...request, body: { n: 2 } }, catalogue)).toBe(100_000);
  expect(worstUsd(['b/b'], { ...request, body: { n: 2 } }, catalogue)).toBe(3 * 2 * 4096);
});
