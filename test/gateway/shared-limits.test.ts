import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { emptySnapshot } from '../../gateway/aliases/apply-versions.ts';
import type { Caller } from '../../gateway/keys/caller.ts';
import { Budgets } from '../../gateway/limits/budgets.ts';
import { createRateLimits } from '../../gateway/limits/rate-limits.ts';
import { RecordedSpend } from '../../gateway/limits/recorded-spend.ts';
import { SharedBudgets } from '../../gateway/limits/shared-budgets.ts';
import { SpoolReader } from '../../gateway/limits/spool-spend.ts';
import { connectValkey, type ValkeyConnection } from '../../gateway/limits/valkey.ts';
import type { HeldBatch } from '../../store/clickhouse/provider-batches.ts';
import type { DaySpend, SpendQuery } from '../../store/clickhouse/spend.ts';
import { createLogger } from '../../platform/logger.ts';
import { startTestValkey, type TestValkey, withoutValkey } from '../support/valkey.ts';

const log = createLogger('limits-test', 'silent');

// withoutValkey says how to get one.
describe.skipIf(withoutValkey !== null)(`limits shared through Valkey${withoutValkey ? ` (${withoutValkey})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'stillhouse-limits-'));
  let server: TestValkey;
  const connections: ValkeyConnection[] = [];
  const budgets: Budgets[] = [];

  const connect = async () => {
    const connection = await connectValkey(server.url, log);
    connections.push(connection);
    await expect.poll(() => connection.ready(), { timeout: 10_000 }).toBe(true);
    return connection;
  };
  const today = () => new Date().toISOString().slice(0, 10);
  /** A gateway process of its own. */
  const gateway = async (name: string) => {
    const made = new Budgets({
      snapshots: { current: emptySnapshot, projects: () => [] },
      recorded: new RecordedSpend({
        source: async () => [],
        batches: async () => [],
        spools: new SpoolReader(join(folder, 'none')),
        now: Date.now,
      }),
      shared: new SharedBudgets(await connect(), { process: name, now: Date.now }),
      everyMs: 3_600_000,
      log,
    });
    budgets.push(made);
    return made;
  };

  beforeAll(async () => {
    server = await startTestValkey();
  });
  afterEach(async () => {
    const [first] = connections;
    if (first?.ready()) await first.client.flushall();
    for (const made of budgets.splice(0)) made.close();
    for (const connection of connections.splice(0)) connection.close();
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const caller = (limits: Partial<NonNullable<Caller['limits']>>): Caller => ({
    keyId: 'key_1',
    role: 'app',
    project: 'acme',
    limits: { requestsPerMinute: null, tokensPerMinute: null, usdPerDay: null, usdPerMonth: null, ...limits },
  });
  const outcome = (sent: Promise<unknown> | null) =>
    sent!.then(
      () => 'in',
      (error: { code?: string }) => error.code,
    );
  let calls = 0;
  const call = (worstUsd: number) => ({ id: `call-${calls++}`, atMs: Date.now(), worstUsd });

  test('two gateways let in no more requests than one would', async () => {
    const both = [createRateLimits({ valkey: await connect() }), createRateLimits({ valkey: await connect() })];
    const who = caller({ requestsPerMinute: 5 });
    const outcomes = await Promise.all(Array.from({ length: 12 }, (_, i) => outcome(both[i % 2]!.take(who, 1))));
    expect(outcomes.filter((one) => one === 'in')).toHaveLength(5);
    expect(new Set(outcomes)).toEqual(new Set(['in', 'rate_limited']));
  });

  test('tokens that were not used are given back to both', async () => {
    const [one, other] = [createRateLimits({ valkey: await connect() }), createRateLimits({ valkey: await connect() })];
    const who = caller({ tokensPerMinute: 100 });
    const taken = (await one.take(who, 90))!;
    expect(await outcome(other.take(who, 50))).toBe('rate_limited');
    taken.settle(10);
    await expect.poll(() => outcome(other.take(who, 80))).toBe('in');
  });

  test('a window that ends further away than it is long, for the clock was set back, ends in a minute', async () => {
    const valkey = await connect();
    const rates = createRateLimits({ valkey });
    const who = caller({ requestsPerMinute: 2 });
    await rates.take(who, 1);
    const [window] = await valkey.client.keys('stillhouse:rpm:*');
    await valkey.client.expire(window!, 200_000);
    const taken = (await rates.take(who, 1))!;
    expect(Number.parseFloat(taken.headers['x-ratelimit-reset-requests']!)).toBeLessThanOrEqual(60);
    expect(await valkey.client.ttl(window!)).toBeLessThanOrEqual(60);
    await expect(rates.take(who, 1)!).rejects.toMatchObject({ code: 'rate_limited' });
  });

  test('a call that is turned away holds nothing, not for a moment', async () => {
    const rates = createRateLimits({ valkey: await connect() });
    await rates.take(caller({ requestsPerMinute: 1, tokensPerMinute: 100 }), 10);
    // One after the other on one connection: each is decided before the next.
    const outcomes = await Promise.all([
      outcome(rates.take(caller({ requestsPerMinute: 1, tokensPerMinute: 100 }), 90)),
      outcome(rates.take(caller({ requestsPerMinute: 5, tokensPerMinute: 100 }), 91)),
      outcome(rates.take(caller({ requestsPerMinute: 2, tokensPerMinute: 100 }), 90)),
    ]);
    expect(outcomes).toEqual(['rate_limited', 'rate_limited', 'in']);
  });

  test('what a call used beyond its estimate counts, and after its minute nothing', async () => {
    const valkey = await connect();
    const rates = createRateLimits({ valkey });
    const who = caller({ tokensPerMinute: 100 });
    const taken = (await rates.take(who, 50))!;
    expect(taken.headers).toMatchObject({ 'x-ratelimit-limit-tokens': '100', 'x-ratelimit-remaining-tokens': '50' });
    taken.settle(150);
    await expect.poll(() => outcome(rates.take(who, 1))).toBe('rate_limited');
    await expect(rates.take(who, 1)!).rejects.toMatchObject({ message: expect.stringContaining('may need 1, 0 are left') });
    const late = (await rates.take(caller({ requestsPerMinute: 9, tokensPerMinute: 1000 }), 10))!;
    await valkey.client.flushall();
    late.settle(0);
    expect((await rates.take(who, 1))!.headers).toMatchObject({ 'x-ratelimit-remaining-tokens': '99' });
  });

  test('reservations of all fit together, and costs take their place', async () => {
    const both = [await gateway('a'), await gateway('b')];
    const who = caller({ usdPerDay: 1 });
    const reserved = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => both[i % 2]!.reserve(who, call(0.3))!));
    const fitted = reserved.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(fitted).toHaveLength(3);
    for (const reservation of fitted) reservation.settle(0.1);
    await expect.poll(async () => both[1]!.reserve(who, call(0.7))!.then((got) => (got.settle(0.7), 'in'), (error: { code: string }) => error.code)).toBe('in'); // prettier-ignore
    await expect.poll(() => outcome(both[0]!.reserve(who, call(0.05)))).toBe('budget_exceeded');
  });

  test('what is on record raises the counters of a server that lost them', async () => {
    const snapshots = {
      current: () => ({ ...emptySnapshot('acme'), budget: { usdPerDay: 1, usdPerMonth: null } }),
      projects: () => ['acme'],
    };
    const recorded = new RecordedSpend({
      batches: async () => [],
      source: async (_, { until }) => (until > Date.now() ? [{ keyId: 'key_1', day: today(), usd: 0.9, unpriced: 0 }] : []),
      spools: new SpoolReader(join(folder, 'none')),
      now: Date.now,
    });
    const valkey = await connect();
    const made = new Budgets({ snapshots, recorded, shared: new SharedBudgets(valkey, { process: 'c', now: Date.now }), log });
    budgets.push(made);
    await made.refresh();
    expect(await outcome(made.reserve(caller({}), call(0.2)))).toBe('budget_exceeded');
    (await made.reserve(caller({}), call(0.05)))!.settle(0.05);
    const spent = `stillhouse:budget:spent:{acme}::${today()}`;
    await expect.poll(async () => Number(await valkey.client.get(spent))).toBeCloseTo(0.95);
    expect(await valkey.client.ttl(spent)).toBeGreaterThan(3600);
  });

  test('a process that died leaves nothing reserved', async () => {
    const [valkey, who] = [await connect(), caller({ usdPerDay: 1 })];
    const dead = new SharedBudgets(valkey, { process: 'dead', now: Date.now });
    const live = await gateway('live');
    const line = { subject: 'acme/key_1', period: today(), limitUsd: 1, recordedUsd: 0 };
    expect(await dead.reserve('x', [line], 0.9)).toBeNull();
    await dead.tidy();
    expect(await outcome(live.reserve(who, call(0.5)))).toBe('budget_exceeded');
    await live.refresh();
    expect(await outcome(live.reserve(who, call(0.5)))).toBe('budget_exceeded');
    await valkey.client.del('stillhouse:budget:alive:dead');
    await live.refresh();
    expect(await outcome(live.reserve(who, call(0.5)))).toBe('in');
  });

  test('what a process reserves before its first look around is not taken for that of a dead one', async () => {
    const live = await gateway('live');
    const young = new SharedBudgets(await connect(), { process: 'young', now: Date.now });
    const line = { subject: 'acme/key_1', period: today(), limitUsd: 1, recordedUsd: 0 };
    expect(await young.reserve('x', [line], 0.9)).toBeNull();
    const who = caller({ usdPerDay: 1 });
    expect(await outcome(live.reserve(who, call(0.5)))).toBe('budget_exceeded');
    await live.refresh();
    expect(await outcome(live.reserve(who, call(0.5)))).toBe('budget_exceeded');
  });

  test('a batch is held for all while it is under way, also once the process that made it is gone, and then counts with its cost', async () => {
    const snapshots = {
      current: () => ({ ...emptySnapshot('acme'), budget: { usdPerDay: 1, usdPerMonth: null } }),
      projects: () => ['acme'],
    };
    let batches: HeldBatch[] = [];
    let spent: DaySpend[] = [];
    const one = async (name: string) => {
      const source = async (_: string, { until }: SpendQuery) => (until > Date.now() ? spent : []);
      const recorded = new RecordedSpend({
        source,
        batches: async () => batches,
        spools: new SpoolReader(join(folder, 'none')),
        now: Date.now,
      });
      const shared = new SharedBudgets(await connect(), { process: name, now: Date.now });
      const made = new Budgets({ snapshots, recorded, shared, everyMs: 3_600_000, log });
      budgets.push(made);
      await made.refresh();
      return made;
    };
    const [maker, other] = [await one('maker'), await one('other')];
    const reservation = (await maker.reserve(caller({}), { ...call(0.7), id: 'batch/made' }))!;
    batches = [{ project: 'acme', callId: 'made', keyId: 'key_1', day: today(), usd: 0.7 }];
    reservation.note();
    const { client } = connections[0]!;
    const reserved = `stillhouse:budget:reserved:{acme}::${today()}`;
    await expect.poll(() => client.hgetall(reserved)).toEqual({ 'batch/made': '0.700000000' });
    // Processes come and go, and the server forgets.
    await client.del('stillhouse:budget:alive:maker');
    await other.refresh();
    expect(await outcome(other.reserve(caller({}), call(0.5)))).toBe('budget_exceeded');
    await client.flushall();
    await other.refresh();
    expect(await outcome(other.reserve(caller({}), call(0.5)))).toBe('budget_exceeded');
    batches = [];
    spent = [{ keyId: 'key_1', day: today(), usd: 0.2, unpriced: 0 }];
    await other.refresh();
    expect(await client.hgetall(reserved)).toEqual({});
    // The maker has not read that yet, and counts it all the same.
    expect(await outcome(maker.reserve(caller({}), call(0.9)))).toBe('budget_exceeded');
    expect(await outcome(maker.reserve(caller({}), call(0.75)))).toBe('in');
  });

  test('with the server gone each gateway decides by itself, and they share again when it is back', async () => {
    const who = caller({ requestsPerMinute: 2, usdPerDay: 1 });
    const valkey = await connect();
    const [rates, own] = [createRateLimits({ valkey }), await gateway('d')];
    await rates.take(who, 1);
    await server.kill();
    await expect.poll(() => valkey.ready()).toBe(false);
    expect(await Promise.all([0, 1, 2].map(() => outcome(rates.take(who, 1))))).toEqual(['in', 'in', 'rate_limited']);
    const kept = (await own.reserve(who, call(0.8)))!;
    expect(await outcome(own.reserve(who, call(0.3)))).toBe('budget_exceeded');
    await server.restart();
    await expect.poll(() => valkey.ready(), { timeout: 15_000 }).toBe(true);
    kept.settle(0.1);
    expect(await outcome(rates.take(caller({ requestsPerMinute: 1 }), 1))).toBe('in');
    expect(await outcome(rates.take(caller({ requestsPerMinute: 1 }), 1))).toBe('rate_limited');
  });
});
