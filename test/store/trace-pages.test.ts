import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TraceFilter, type TraceRow } from '../../contracts/traces.ts';
import { exportTraces } from '../../store/clickhouse/trace-export.ts';
import { listTraces } from '../../store/clickhouse/trace-list.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { linesOf, traceRow } from './trace-fixtures.ts';

const NOON = Date.parse('2026-03-04T12:00:00.000Z');
let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse?.stop());

const ship = (rows: TraceRow[]) => insertTraceSegment(clickhouse.client, { token: randomUUID(), lines: linesOf(rows) });

it('loses and doubles no row over pages and exports while rows arrive, many in one millisecond', async () => {
  let run = 0;
  const rowsOf = (project: string, times: readonly number[]) =>
    times.map((at, n) => traceRow(NOON + at, { project, prompt_text: n % 3 === 0 ? 'a zebra' : 'a horse' }));
  const pages = fc.record({
    // Few milliseconds for many rows; some are older than a search's first window.
    times: fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -9 * 86_400_000, max: -7 * 86_400_000 })), {
      minLength: 1,
      maxLength: 60,
    }),
    limit: fc.integer({ min: 1, max: 17 }),
    text: fc.constantFrom(undefined, 'zebra'),
  });
  await fc.assert(
    fc.asyncProperty(pages, async ({ times, limit, text }) => {
      const project = `pages-${run++}`;
      const rows = rowsOf(project, times);
      await ship(rows);
      const wanted = rows.filter((row) => text === undefined || row.prompt_text.includes(text)).map((row) => row.id);
      const filter = TraceFilter.parse({ limit, text });
      const seen: string[] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await listTraces(clickhouse.client, project, { ...filter, ...(cursor ? { cursor } : {}) }, NOON + 10);
        seen.push(...page.items.map((item) => item.id));
        cursor = page.nextCursor;
        // Newer ones, among them some of the same words.
        await ship(rowsOf(project, [1000 + seen.length, 2000]));
      }
      expect(seen.toSorted()).toEqual(wanted.toSorted());
      const until = new Date(NOON + 10).toISOString();
      const file: Buffer[] = [];
      for await (const bytes of exportTraces(clickhouse.client, project, { filter, format: 'jsonl', untilIso: until })) file.push(bytes);
      const lines = Buffer.concat(file).toString().split('\n').filter(Boolean);
      expect(lines.map((line) => (JSON.parse(line) as { id: string }).id).toSorted()).toEqual(wanted.toSorted());
    }),
    { numRuns: 12 },
  );
});
