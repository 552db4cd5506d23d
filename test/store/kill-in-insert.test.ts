import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { isStillhouseError } from '../../contracts/errors.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { answeredAttempt, linesOf, traceRow } from './trace-fixtures.ts';

const SEGMENTS = 40;
const ROWS = 40;
const NOON = Date.parse('2026-03-04T12:00:00.000Z');
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

it('loses and doubles nothing where the engine is killed amid inserts that are sent again until acknowledged', async () => {
  const segments = Array.from({ length: SEGMENTS }, (_, segment) =>
    Array.from({ length: ROWS }, (_, n) =>
      traceRow(NOON + segment * ROWS + n, { metadata: { call: `${segment}-${n}` }, attempts: [answeredAttempt(null)] }),
    ),
  );
  let acknowledged = 0;
  let kills = 0;
  let up = Promise.resolve();
  const ship = async (segment: number) => {
    const lines = linesOf(segments[segment]!);
    await insertTraceSegment(clickhouse.client, { token: `segment-${segment}`, lines });
  };
  const shipper = (async () => {
    while (acknowledged < SEGMENTS) {
      try {
        await ship(acknowledged);
        acknowledged += 1;
      } catch (error) {
        if (!isStillhouseError(error, 'unavailable')) throw error;
        await up;
        // Shippers that lost more than one acknowledgement send those segments again.
        for (const known of [acknowledged - 2, acknowledged - 1]) if (known >= 0) await ship(known).catch(() => {});
      }
    }
  })();
  while (acknowledged < SEGMENTS) {
    const at = acknowledged;
    const stopAt = Math.min(SEGMENTS, at + 1 + randomInt(10));
    await vi.waitFor(() => expect(acknowledged).toBeGreaterThanOrEqual(stopAt), { timeout: 60_000, interval: 3 });
    if (acknowledged === SEGMENTS) break;
    await clickhouse.kill();
    kills += 1;
    up = clickhouse.restart();
    await up;
  }
  await shipper;
  const count = async (query: string) => (await clickhouse.client.query({ query, format: 'CSV' })).text();
  expect(kills).toBeGreaterThan(1);
  expect(await count("SELECT count(), uniqExact(metadata['call']) FROM traces")).toBe(`${SEGMENTS * ROWS},${SEGMENTS * ROWS}\n`);
  expect(await count('SELECT count(), uniqExact(trace_id) FROM attempts')).toBe(`${SEGMENTS * ROWS},${SEGMENTS * ROWS}\n`);
});
