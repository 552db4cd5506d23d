import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TraceRow, TraceStart } from '../../contracts/traces.ts';
import { createLogger } from '../../platform/logger.ts';
import { adoptFolder } from './adoption.ts';
import { interruptedRow } from './interrupted.ts';
import { listSegments, segmentPath } from './segment-files.ts';
import { contentOf, idOfRow, isStartLine, wholeLines } from './segment-lines.ts';
import { clickHouseTime } from '../../platform/clickhouse-time.ts';
import { timeOfTraceId, traceId } from './trace-id.ts';

const log = createLogger('test', 'silent');
let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'stillhouse-adopt-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = Date.UTC(2026, 5, 30, 23, 59, 59, 990);
function start(): TraceStart {
  return {
    s: 1,
    v: 1,
    id: traceId(at),
    project: 'p',
    ts: clickHouseTime(at),
    origin: 'app',
    key_id: 'k',
    alias: 'a',
    alias_version: 2,
    target: 'lab/m',
    model_asked: 'a',
    tokens_in: 9,
    cost_usd: 0.25,
    metadata: { call: 'c' },
  };
}
const begun = (one: TraceStart) => `${JSON.stringify(one)}\n`;
const ended = (one: TraceStart, segment: string) =>
  `{"segment_id":"${segment}",${JSON.stringify({ ...interruptedRow(one), status: 'ok' }).slice(1)}\n`;

function write(sequence: number, state: 'open' | 'sealed', lines: (id: string) => string): void {
  const id = traceId(at + sequence);
  writeFileSync(segmentPath(folder, sequence, id, state), lines(id));
}

/** Ids of the rows in the folder with their status, all segments together. */
function rows(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const segment of listSegments(folder)) {
    for (const line of wholeLines(readFileSync(segment.path))) {
      if (isStartLine(line)) continue;
      const row = JSON.parse(line.toString()) as TraceRow;
      expect(row.segment_id).toBe(segment.id);
      expect(idOfRow(line)).toBe(row.id);
      expect(found).not.toHaveProperty(row.id);
      found[row.id] = row.status;
    }
  }
  return found;
}

test('calls that began and did not end become rows with their estimate; a torn last line is no line', () => {
  const [a, b, c] = [start(), start(), start()];
  write(1, 'sealed', (id) => begun(a) + ended(a, id) + begun(b));
  write(2, 'open', (id) => begun(b) + begun(c) + ended(c, id) + ended(b, id).slice(0, 200));
  const segments = adoptFolder(folder, log);
  expect(segments.map((segment) => segment.state)).toEqual(['sealed', 'sealed', 'sealed']);
  expect(rows()).toEqual({ [a.id]: 'ok', [c.id]: 'ok', [b.id]: 'interrupted' });
  const made = JSON.parse(readFileSync(segments[2]!.path, 'utf8')) as TraceRow;
  expect(made).toMatchObject({
    id: b.id,
    ts: b.ts,
    tokens_in: 9,
    cost_usd: 0.25,
    target: 'lab/m',
    provider: 'lab',
    metadata: { call: 'c' },
  });
});

test('killed at any step and begun again, it comes to the same', () => {
  const [a, b] = [start(), start()];
  // As a kill in the midst of sealing leaves it: the new segment is there, the old one is not sealed yet.
  write(1, 'open', (id) => begun(a) + begun(b) + ended(a, id));
  write(2, 'open', () => begun(b));
  const open = listSegments(folder);
  adoptFolder(folder, log);
  const whole = rows();
  expect(whole).toEqual({ [a.id]: 'ok', [b.id]: 'interrupted' });
  const names = readdirSync(folder).sort();
  // Killed after the first, after the second rename, before all: the open segments have their old names again.
  for (const undone of [open.slice(1), open.slice(0, 1), open]) {
    for (const segment of undone) renameSync(segmentPath(folder, segment.sequence, segment.id, 'sealed'), segment.path);
    adoptFolder(folder, log);
    expect(readdirSync(folder).sort()).toEqual(names);
    expect(rows()).toEqual(whole);
  }
});

test('starts of another shape are passed over, and the others become rows', () => {
  const a = start();
  const odd = ['{"s":1,"id":5}', '{"s":1}', '{"s":null', JSON.stringify({ ...start(), metadata: { deep: {} } })];
  write(1, 'open', () => `${odd.join('\n')}\n${begun(a)}`);
  expect(adoptFolder(folder, log)).toHaveLength(2);
  expect(rows()).toEqual({ [a.id]: 'interrupted' });
});

test('nothing open, nothing to do; nothing cut off, nothing added', () => {
  const a = start();
  write(1, 'open', (id) => begun(a) + ended(a, id));
  expect(adoptFolder(folder, log)).toHaveLength(1);
  expect(adoptFolder(folder, log)).toHaveLength(1);
});

test('rows are grouped by month without being parsed, wherever their time stands', async () => {
  const [june, july] = [start(), { ...start(), ts: '2026-07-01 00:00:00.000' }];
  const segment = traceId(at);
  const { v, ...odd } = interruptedRow(july);
  const lines = ended(june, segment) + ended(july, segment) + begun(june) + ended(june, segment) + `${JSON.stringify({ ...odd, v })}\n`;
  expect((await contentOf(Buffer.from(lines))).blocks.map(({ month, rows: all }) => [month, [...wholeLines(all)].length])).toEqual([
    ['2026-06', 2],
    ['2026-07', 2],
  ]);
});

test('ids carry their time and are of version 7', () => {
  const ids = Array.from({ length: 2000 }, () => traceId(at));
  expect(new Set(ids).size).toBe(2000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(timeOfTraceId(ids[0]!)).toBe(at);
});
