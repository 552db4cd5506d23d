import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import type { SegmentFile } from '../../gateway/tracing/segment-files.ts';
import { shipSegment } from '../../gateway/tracing/shipment.ts';
import { createLogger } from '../../platform/logger.ts';
import { connectClickHouse, type ClickHouseClient } from '../../store/clickhouse/connection.ts';
import { migrate } from '../../store/clickhouse/migrate.ts';
import { sqlStatements } from '../../store/clickhouse/sql-statements.ts';
import { idsOfSegment, insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { linesOf, traceRow, uuidAt } from './trace-fixtures.ts';

const NOON = Date.parse('2026-03-31T23:00:00.000Z');
const MIGRATE = fileURLToPath(new URL('../../store/clickhouse/migrate.ts', import.meta.url));
const MIGRATIONS = new URL('../../store/clickhouse/migrations/', import.meta.url);
let clickhouse: TestClickHouse;
let client: ClickHouseClient;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(async () => {
  await client?.close();
  await clickhouse?.stop();
});

const rows = async (query: string) => (await client.query({ query, format: 'JSONEachRow' })).json<Record<string, string>>();
/** Calls, cost in cents, tokens, and a latency to within the error of a digest, as a table tells them by target. */
const told = (table: string) =>
  rows(`SELECT target, sum(calls) AS n, sum(unpriced) AS u, round(sum(cost_usd) * 100) AS cents, sum(tokens_in) AS tokens,
    round(quantilesTDigestMerge(0.5, 0.95)(latency)[1] / 10) AS p50 FROM ${table} GROUP BY target ORDER BY target`);
const truth = () =>
  rows(`SELECT target, count() AS n, countIf(isNull(cost_usd)) AS u, round(sum(cost_usd) * 100) AS cents, sum(tokens_in) AS tokens,
    round(quantilesTDigest(0.5, 0.95)(latency_ms)[1] / 10) AS p50 FROM traces GROUP BY target ORDER BY target`);

/** A segment's file as the spool leaves it. */
function sealedSegment(values: TraceRow[]): SegmentFile {
  const id = uuidAt(NOON);
  const path = join(mkdtempSync(join(tmpdir(), 'stillhouse-segment-')), 'segment');
  const lines = values.map((row) => `{"segment_id":"${id}",${JSON.stringify({ ...row, segment_id: undefined }).slice(1)}\n`);
  writeFileSync(path, lines.join(''));
  return { path, sequence: 1, id, state: 'sealed', bytes: 0 };
}

/** A database with the schema before roll-ups, as it was. */
async function earlierDatabase(name: string) {
  const env = { ...clickhouse.env, CLICKHOUSE_DATABASE: name };
  await clickhouse.client.command({ query: `CREATE DATABASE ${name}` });
  await client?.close();
  client = connectClickHouse(env);
  for (const file of readdirSync(MIGRATIONS)
    .filter((name) => name < '0008')
    .sort())
    for (const query of sqlStatements(readFileSync(new URL(file, MIGRATIONS), 'utf8'))) await client.command({ query });
  return env;
}

let shipped = 0;
/** Forty calls, a minute from each to the next; `day` moves them. */
function ship(day = 0): Promise<void> {
  const values = Array.from({ length: 40 }, (_, n) =>
    traceRow(NOON + day * 86_400_000 + (shipped * 40 + n) * 60_000, {
      target: `mock/m${n % 3}`,
      cost_usd: n % 5 === 0 ? null : 0.01,
      latency_ms: 100 + n,
      tokens_in: n,
    }),
  );
  shipped++;
  return insertTraceSegment(client, { token: randomUUID(), lines: linesOf(values) });
}

/** Ships until `work` is done. */
async function whileShipping(work: () => Promise<void>): Promise<void> {
  let on = true;
  const traffic = (async () => {
    while (on) await ship();
  })();
  await work();
  on = false;
  await traffic;
}

it('rolls up what an existing database has exactly once, by two programs at once and while traces are shipped', async () => {
  const env = await earlierDatabase('upgraded');
  shipped = 0;
  for (let i = 0; i < 30; i++) await ship(i % 2);
  // Sent, and killed before the acknowledgement came: the next program sends it again.
  const segment = sealedSegment(
    Array.from({ length: 40 }, (_, n) => traceRow(NOON + n, { target: 'mock/m0', cost_usd: 0.01, tokens_in: n })),
  );
  shipped++;
  await insertTraceSegment(client, { token: `${segment.id}.2026-03`, lines: readFileSync(segment.path) });
  await whileShipping(async () => void (await Promise.all([migrate(env), migrate(env)])));
  await ship();
  await shipSegment(segment, true, {
    sink: {
      insert: (token, lines) => insertTraceSegment(client, { token, lines }),
      idsOfSegment: (id, which) => idsOfSegment(client, id, which),
      storeImage: () => Promise.resolve(),
    },
    rejectedFolder: tmpdir(),
    windowCoversMs: 600_000,
    now: () => NOON,
    log: createLogger('test', 'error'),
    onRejected: () => undefined,
  });
  expect(await rows('SELECT rolled_up FROM traces GROUP BY rolled_up')).toHaveLength(2);
  const before = await truth();
  expect(before.map((row) => Number(row['n'])).reduce((sum, n) => sum + n)).toBe(shipped * 40);
  for (const table of ['usage_minutes', 'usage_days']) expect(await told(table)).toEqual(before);
  // A migrator that was killed before it said that it was done begins again.
  await client.command({ query: 'TRUNCATE TABLE schema_migrations' });
  expect(await migrate(env)).toContain('0008_trace_store');
  for (const table of ['usage_minutes', 'usage_days']) expect(await told(table)).toEqual(before);
});

it('goes on where the migrating program was killed, again and again', async () => {
  const env = await earlierDatabase('killed');
  shipped = 0;
  for (let i = 0; i < 60; i++) await ship(i % 9);
  let kills = 0;
  await whileShipping(async () => {
    for (let strike = 1; strike <= 6; strike++) {
      const program = spawn(process.execPath, [MIGRATE], { env: { ...process.env, ...env }, stdio: 'ignore' });
      const ended = once(program, 'exit');
      await Promise.race([ended, delay(400 + strike * 250)]);
      if (program.kill('SIGKILL')) kills++;
      await ended;
    }
    await migrate(env);
  });
  expect(kills).toBeGreaterThan(2);
  const all = await truth();
  expect(all.map((row) => Number(row['n'])).reduce((sum, n) => sum + n)).toBe(shipped * 40);
  for (const table of ['usage_minutes', 'usage_days']) expect(await told(table)).toEqual(all);
});
