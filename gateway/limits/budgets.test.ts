import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Budget } from '../../contracts/keys.ts';
import type { TraceRow, TraceStart } from '../../contracts/traces.ts';
import { createLogger } from '../../platform/logger.ts';
import type { HeldBatch } from '../../store/clickhouse/provider-batches.ts';
import type { DaySpend, SpendQuery } from '../../store/clickhouse/spend.ts';
import { emptySnapshot } from '../aliases/apply-versions.ts';
import type { Caller } from '../keys/caller.ts';
import { interruptedRow } from '../tracing/interrupted.ts';
import { openTracer, type Tracer } from '../tracing/tracer.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { traceId } from '../tracing/trace-id.ts';
import { Budgets } from './budgets.ts';
import { RecordedSpend } from './recorded-spend.ts';
import { SpoolReader } from './spool-spend.ts';

const NOW = Date.now();
const TODAY = new Date(NOW).toISOString().slice(0, 10);
let spool: string;
let budgets: Budgets | undefined;
let tracers: Tracer[];
/** ClickHouse: rows by segment. */
let stored: Map<string, TraceRow[]>;
let down: boolean;
/** Until then it does not answer at all. */
let hangs: Promise<void> | null;
let batches: HeldBatch[];
beforeEach(() => {
  spool = mkdtempSync(join(tmpdir(), 'stillhouse-budgets-'));
  tracers = [];
  stored = new Map();
  down = false;
  hangs = null;
  batches = [];
});
afterEach(async () => {
  budgets?.close();
  for (const tracer of tracers) await tracer.close(0);
  rmSync(spool, { recursive: true, force: true });
});

const limits = (budget: Partial<Budget>) => ({
  requestsPerMinute: null,
  tokensPerMinute: null,
  usdPerDay: null,
  usdPerMonth: null,
  ...budget,
});
const app = (budget: Partial<Budget>, keyId = 'key_1'): Caller => ({ keyId, role: 'app', project: 'acme', limits: limits(budget) });
/** A tracer that ships nothing until it is let. */
function tracing(ships = false): Tracer {
  const insert = async (token: string, lines: Buffer) => {
    if (!ships) throw new Error('down');
    stored.set(token, lines.toString().trim().split('\n').map((line) => JSON.parse(line) as TraceRow)); // prettier-ignore
  };
  const sink = { insert, idsOfSegment: async () => new Set<string>(), storeImage: async () => undefined };
  const options = { spool, sink, fsync: 'never' as const, quotaBytes: 1e9, log: createLogger('test', 'silent') };
  const tracer = openTracer(options);
  tracers.push(tracer);
  return tracer;
}
async function spendByKey(_: string, { from, until, withoutSegments = [] }: SpendQuery): Promise<DaySpend[]> {
  await hangs;
  if (down) throw new Error('down');
  const rows = [...stored.values()].flat().filter((row) => !withoutSegments.includes(row.segment_id!));
  return rows
    .map((row) => ({ keyId: row.key_id, day: row.ts.slice(0, 10), usd: row.cost_usd ?? 0, unpriced: 0 }))
    .filter(({ day }) => Date.parse(day) >= from && Date.parse(day) < until);
}
function budgetsOf(projectBudget: Partial<Budget> = {}): Budgets {
  const key = { id: 'key_1', revokedAt: null, limits: limits({ usdPerDay: 1 }) };
  const snapshot = { ...emptySnapshot('acme'), budget: limits(projectBudget), keys: { key_1: key as never } };
  return (budgets = new Budgets({
    snapshots: { current: (project) => (project === 'acme' ? snapshot : emptySnapshot(project)), projects: () => ['acme'] },
    recorded: new RecordedSpend({ source: spendByKey, batches: async () => batches, spools: new SpoolReader(spool), now: () => NOW }),
    shared: null,
    everyMs: 3_600_000,
    log: createLogger('test', 'silent'),
  }));
}
const call = (worstUsd: number | null, id = traceId(NOW)) => ({ id, atMs: NOW, worstUsd });
const start = (id: string, costUsd: number, keyId = 'key_1'): TraceStart => {
  const rest = { alias: '', alias_version: 0, target: 'lab/m', model_asked: 'm', tokens_in: 1, metadata: {} };
  return { s: 1, v: 1, id, project: 'acme', ts: clickHouseTime(NOW), origin: 'app', key_id: keyId, cost_usd: costUsd, ...rest };
};
const row = (id: string, costUsd: number): TraceRow => ({
  ...interruptedRow(start(id, costUsd)),
  status: 'ok',
  // What a body says of costs and keys is nothing to us.
  response: JSON.stringify({ text: ',"cost_usd":9,"key_id":"key_2"' }),
});
const standing = (keyId = 'key_1') => budgets!.standing('acme', keyId, TODAY);
const refused = expect.objectContaining({ code: 'budget_exceeded' }) as Error;

test('who has no budget is asked nothing', () => {
  budgetsOf();
  expect(budgets!.reserve({ keyId: 'admin', role: 'admin', project: 'other' }, call(1))).toBeNull();
  expect(budgets!.reserve(app({}), call(1))).toBeNull();
});

test('worst cases are reserved, and real costs take their place', async () => {
  budgetsOf();
  const first = await budgets!.reserve(app({ usdPerDay: 1 }), call(0.6));
  await expect(budgets!.reserve(app({ usdPerDay: 1 }), call(0.6))).rejects.toMatchObject({
    code: 'budget_exceeded',
    message: expect.stringContaining(
      'has spent $0.00 of $1.00 a day, calls in flight may cost $0.6, and this call may cost up to $0.6',
    ) as string,
    data: { limitUsd: 1, spentUsd: 0, reservedUsd: 0.6, resetsAt: expect.stringMatching(/T00:00:00\.000Z$/) as string },
  });
  first!.settle(0.3);
  first!.settle(0.3);
  expect(standing()).toEqual({ spentUsd: 0.3, reservedUsd: 0 });
  (await budgets!.reserve(app({ usdPerDay: 1 }), call(0.6)))!.settle(null);
  expect(standing().spentUsd).toBe(0.3);
  expect(budgets!.refused).toBe(1);
});

test('a refusal names the key as people do', async () => {
  budgetsOf();
  const who = { ...app({ usdPerDay: 1 }), keyName: 'my-app' };
  await expect(budgets!.reserve(who, call(2))).rejects.toThrow('The key "my-app" (key_1) has spent $0.00 of $1.00 a day');
});

test("a project's budget holds for all its callers, the month's beside the day's", async () => {
  budgetsOf({ usdPerMonth: 1 });
  (await budgets!.reserve(app({}), call(0.6)))!.settle(0.6);
  await expect(budgets!.reserve({ keyId: 'admin', role: 'admin', project: 'acme' }, call(0.5))).rejects.toThrow(
    'The project "acme" has spent $0.6 of $1.00 a month',
  );
  (await budgets!.reserve(app({}, 'key_2'), call(0.4)))!.settle(0.4);
  // What has no price counts as nothing.
  (await budgets!.reserve(app({}), call(null)))!.settle(null);
});

test('a restart knows what is in ClickHouse, what lies in the spool, and what a crash cut off', async () => {
  const [shipped, spooled, cutOff] = [traceId(NOW), traceId(NOW), traceId(NOW)];
  stored.set('s', [{ ...row(shipped, 0.1), segment_id: 's' }]);
  const tracer = tracing();
  await tracer.begin(start(spooled, 0.05));
  await tracer.end(row(spooled, 0.2));
  await tracer.begin(start(cutOff, 0.3));
  await budgetsOf().refresh();
  expect(standing().spentUsd).toBeCloseTo(0.3);
  expect(standing().reservedUsd).toBeCloseTo(0.3);
  await expect(budgets!.reserve(app({ usdPerDay: 1 }), call(0.5))).rejects.toThrow(refused);
  expect(standing('key_2').spentUsd).toBe(0);
  budgets!.close();
  down = true;
  await budgetsOf().refresh();
  expect(standing().spentUsd).toBeCloseTo(0.2);
});

test('what is estimated of a call counts beside what is known of it', async () => {
  const tracer = tracing();
  const rows = [
    { ...row(traceId(NOW), 0.2), cost_estimated_usd: 0.1 },
    { ...row(traceId(NOW), 0), cost_estimated_usd: 1.234567890123e-7 },
    { ...row(traceId(NOW), 0), cost_usd: null, cost_estimated_usd: 0.05 },
    { ...row(traceId(NOW), 0), cost_usd: null },
  ];
  for (const one of rows) await tracer.end(one);
  await budgetsOf().refresh();
  expect(standing().spentUsd).toBeCloseTo(0.35 + 1.234567890123e-7, 12);
});

test('a restart knows what lies in the spool though ClickHouse neither answers nor refuses, and the rest once it does', async () => {
  const [shipped, spooled] = [traceId(NOW), traceId(NOW)];
  stored.set('s', [{ ...row(shipped, 0.4), segment_id: 's' }]);
  const tracer = tracing();
  await tracer.begin(start(spooled, 0.05));
  await tracer.end(row(spooled, 0.5));
  const { promise, resolve } = Promise.withResolvers<void>();
  hangs = promise;
  budgetsOf();
  await expect(budgets!.reserve(app({ usdPerDay: 1 }), call(0.6))).rejects.toThrow(refused);
  resolve();
  await budgets!.refresh();
  expect(standing().spentUsd).toBeCloseTo(0.9);
});

test('readings count each call once, wherever it is by then', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('begin', 'end', 'read', 'ship', 'fail'), { maxLength: 30 }), async (steps) => {
      stored.clear();
      const tracer = tracing(true);
      budgetsOf();
      const open: { id: string; settle: (usd: number) => void }[] = [];
      let spent = 0;
      for (const step of steps) {
        down = step === 'fail';
        if (step === 'begin') {
          const id = traceId(NOW);
          const reservation = await budgets!.reserve(app({ usdPerDay: 100 }), call(0.5, id));
          await tracer.begin(start(id, 0.25));
          open.push({ id, settle: (usd) => reservation!.settle(usd) });
        } else if (step === 'end' && open.length > 0) {
          const { id, settle } = open.shift()!;
          void tracer.end(row(id, 0.125));
          settle(0.125);
          spent += 0.125;
        } else if (step === 'ship') {
          const segment = traceId(NOW);
          // As if it had come from another machine.
          stored.set(segment, [{ ...row(traceId(NOW), 0.0625), segment_id: segment }]);
          spent += 0.0625;
          await budgets!.refresh();
        } else await budgets!.refresh();
      }
      down = false;
      await budgets!.refresh();
      // One that was under way may have begun before the last step.
      await budgets!.refresh();
      expect(standing().spentUsd).toBeCloseTo(spent, 9);
      expect(standing().reservedUsd).toBeCloseTo(open.length * 0.5, 9);
      budgets!.close();
      await tracer.close(2_000);
      tracers = [];
      rmSync(spool, { recursive: true, force: true });
    }),
    { numRuns: 40 },
  );
});

test('what is reserved for a batch is held by this process until a reading has it, and by the record from then on', async () => {
  const own = budgetsOf();
  await own.refresh();
  const reservation = (await own.reserve(app({ usdPerDay: 1 }), { ...call(0.6), id: 'batch/made' }))!;
  const held: HeldBatch = { project: 'acme', callId: 'made', keyId: 'key_1', day: TODAY, usd: 0.6 };
  const reserved = () => own.standing('acme', 'key_1', TODAY).reservedUsd;
  // On record while its call is in flight: counted once.
  batches = [held];
  await own.refresh();
  expect(reserved()).toBeCloseTo(0.6, 9);
  reservation.note();
  reservation.settle(0);
  expect(reserved()).toBeCloseTo(0.6, 9);
  down = true;
  await own.refresh();
  expect(reserved()).toBeCloseTo(0.6, 9);
  down = false;
  await own.refresh();
  expect(reserved()).toBeCloseTo(0.6, 9);
  await expect(own.reserve(app({ usdPerDay: 1 }), call(0.5))).rejects.toEqual(refused);
  // It is over, on the day of the call, for less.
  stored.set('of-batch', [{ ...interruptedRow(start('00000000-0000-7000-8000-000000000001', 0.1)), segment_id: 'of-batch' }]);
  batches = [];
  await own.refresh();
  expect(own.standing('acme', 'key_1', TODAY)).toEqual({ spentUsd: 0.1, reservedUsd: 0 });
});
