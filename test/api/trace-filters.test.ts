import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TraceRow } from '../../contracts/traces.ts';
import { PROJECT_HEADER } from '../../contracts/names.ts';
import { insertRows } from '../../store/clickhouse/query.ts';
import { insertTraceSegment } from '../../store/clickhouse/traces.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { startControlPlane, type TestControlPlane } from './control-plane.ts';
import { traceRow } from './trace-row.ts';

let clickhouse: TestClickHouse;
let plane: TestControlPlane;
const DAY_MS = 86_400_000;
const old = Date.now() - 40 * DAY_MS;
const at = (ms: number, n: number): Partial<TraceRow> => {
  const hex = ms.toString(16).padStart(12, '0');
  return {
    id: `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`,
    ts: new Date(ms).toISOString().replace('T', ' ').slice(0, 23),
  };
};
const rows: TraceRow[] = [
  traceRow(0, { ...at(old, 0), prompt_text: 'The ZEBRA is old', metadata: { call: 'old' } }),
  traceRow(1, { provider: 'lab', key_id: 'k1', session_id: 's1', user_id: 'u1', cost_usd: 0.5, metadata: { call: 'a' } }),
  traceRow(2, {
    provider: 'other',
    key_id: 'k2',
    session_id: 's2',
    user_id: 'u2',
    cost_usd: null,
    latency_ms: 900,
    metadata: { call: 'b' },
  }),
  traceRow(3, { prompt_text: 'two zebras; one zebra', answer_text: 'striped', cost_usd: 0.01, latency_ms: 100, metadata: { call: 'c' } }),
  traceRow(4, { prompt_text: 'a horse', answer_text: 'No Zebra', cost_usd: 0.2, latency_ms: 5, metadata: { call: 'd' } }),
];

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  plane = await startControlPlane(clickhouse.client, null);
  const lines = (some: TraceRow[]) => Buffer.from(some.map((row) => JSON.stringify(row)).join('\n'));
  await insertTraceSegment(clickhouse.client, { token: 'old', lines: lines(rows.slice(0, 1)) });
  await insertTraceSegment(clickhouse.client, { token: 'new', lines: lines(rows.slice(1)) });
  await insertTraceSegment(clickhouse.client, {
    token: 'other',
    lines: lines([traceRow(9, { project: 'other', prompt_text: 'a zebra of others', key_id: 'k1', metadata: { call: 'x' } })]),
  });
  const { id, ts } = rows[1]!;
  const feedback = (values: object, minute: number) => ({
    project: 'default',
    trace_id: id,
    ts,
    id: randomUUID(),
    at: `2026-01-01 00:0${minute}:00.000`,
    key_id: 'k',
    thumbs: '',
    ...values,
  });
  await insertRows(clickhouse.client, 'feedback', [feedback({ thumbs: 'down' }, 1), feedback({ thumbs: 'up' }, 2)], 'thumbs');
  await insertRows(
    clickhouse.client,
    'feedback',
    [{ ...feedback({ corrected_answer: 'gold' }, 3), trace_id: rows[3]!.id, ts: rows[3]!.ts }],
    'corrected',
  );
  const cluster = (row: TraceRow, cluster_id: string, outlier: boolean, second: number) => ({
    project: 'default',
    trace_id: row.id,
    ts: row.ts,
    cluster_id,
    outlier,
    assigned_at: `2026-01-01 00:00:0${second}.000`,
  });
  const assigned = [cluster(rows[1]!, 'c1', false, 1), cluster(rows[2]!, 'c1', false, 1), cluster(rows[3]!, 'c1', true, 1)];
  await insertRows(clickhouse.client, 'trace_clusters', assigned, 'clusters-1');
  await insertRows(clickhouse.client, 'trace_clusters', [cluster(rows[2]!, 'c2', false, 2)], 'clusters-2');
});
afterAll(async () => {
  await plane?.close();
  await clickhouse?.stop();
});

const calls = async (query: string, headers = {}) => {
  const answer = await plane.call('GET', `/api/traces?${query}`, undefined, headers);
  expect(answer.status).toBe(200);
  return answer.body.items.map((trace: { metadata: { call: string } }) => trace.metadata.call).join('');
};

test.each([
  ['provider=other', 'b'],
  ['key=k1', 'a'],
  ['session=s2', 'b'],
  ['user=u1', 'a'],
  ['minCostUsd=0.2', 'da'],
  ['maxCostUsd=0.05&since=2026-01-01T00:00:00Z', 'cold'],
  ['minLatencyMs=50&maxLatencyMs=900', 'cb'],
  ['cluster=c1', 'a'],
  ['cluster=c2', 'b'],
  ['verdict=up', 'a'],
  ['verdict=down', ''],
  ['verdict=corrected', 'c'],
  ['text=zebra', 'dcold'],
  ['text=ZEBRA,%20striped!', 'c'],
  ['text=zebra&limit=2', 'dc'],
  ['text=zebr', ''],
  ['text=zebra&until=2026-10-20T00:00:00Z', 'old'],
  ["key=k1'%20OR%20'1'='1", ''],
  ["cluster=c1'%20OR%20'1'='1", ''],
  ["text=zebra')%20OR%20project='other'%20OR%20('", ''],
])('%s', async (query, expected) => expect(await calls(query)).toBe(expected));

test("another project's traces are not found, whatever the filter says", async () => {
  expect(await calls('text=zebra', { [PROJECT_HEADER]: 'other' })).toBe('x');
  expect(await calls('key=k1', { [PROJECT_HEADER]: 'other' })).toBe('x');
  expect(await calls('cluster=c1', { [PROJECT_HEADER]: 'other' })).toBe('');
  expect((await plane.call('GET', `/api/traces/${rows[1]!.id}`, undefined, { [PROJECT_HEADER]: 'other' })).status).toBe(404);
});

test('a search goes on over its pages, from one window of time into the next', async () => {
  const found = await Array.fromAsync(plane.sdk.traces.list({ text: 'zebra', limit: 1 }));
  expect(found.map((trace) => trace.metadata['call'])).toEqual(['d', 'c', 'old']);
});

test('a page counts what matches, up to 10,000, and says so', async () => {
  expect((await plane.sdk.traces.page({ text: 'zebra', limit: 1, count: 'true' })).count).toEqual({ traces: 3, capped: false });
  const many = Array.from({ length: 10_050 }, (_, n) => JSON.stringify(traceRow(n % 1000, { project: 'many', ...at(old + n, n) })));
  await insertTraceSegment(clickhouse.client, { token: 'many', lines: Buffer.from(many.join('\n')) });
  const page = await plane.sdkOf('many').traces.page({ limit: 1, count: 'true' });
  expect(page.count).toEqual({ traces: 10_001, capped: true });
  expect(await plane.sdk.traces.page({ limit: 1 })).not.toHaveProperty('count');
});

test.each([
  ['text=!!!', /a word to look for/],
  ['verdict=sideways', /^verdict: /],
  ['minCostUsd=much', /^minCostUsd: /],
  ['sesion=s', /session/],
])('%s is refused', async (query, sentence) => {
  expect(await plane.call('GET', `/api/traces?${query}`)).toMatchObject({ status: 400, body: { detail: expect.stringMatching(sentence) } });
});

test.each(['by=nonsense', 'by=model,model', 'by=day,%27%20OR%201', 'status=sideways', 'since=yesterday', 'sesion=s'])(
  'usage: %s is refused with its name',
  async (query) => {
    const { status, body } = await plane.call('GET', `/api/usage?${query}`);
    const [name] = query.split('=');
    expect([status, body.code, body.param]).toEqual([400, 'invalid_request', name]);
    expect(body.detail).toMatch(new RegExp(`^${name}: `));
  },
);

describe('an export', () => {
  const file = async (query: string, project = 'default') => {
    const answer = await plane.app.request(`/api/traces/export?${query}`, { headers: { [PROJECT_HEADER]: project } });
    return { status: answer.status, type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
  };

  test('as JSONL has every row once, oldest first, over its pages', async () => {
    const { bytes, type } = await file('', 'many');
    const lines = bytes.toString().trimEnd().split('\n');
    expect(type).toMatch(/ndjson/);
    expect(lines).toHaveLength(10_050);
    const ids = lines.map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids).toEqual(Array.from({ length: 10_050 }, (_, n) => at(old + n, n).id));
    const [one] = (await file('key=k1')).bytes.toString().split('\n');
    expect(JSON.parse(one!)).toMatchObject({ keyId: 'k1', costUsd: 0.5, metadata: { call: 'a' }, request: rows[1]!.request });
  });

  test('as CSV has a head and the same rows', async () => {
    const lines = (await file('format=csv', 'many')).bytes.toString().trimEnd().split('\n');
    expect(lines[0]).toMatch(/^"id","at","origin"/);
    expect(lines).toHaveLength(10_051);
    expect((await file('format=csv&text=none', 'many')).bytes.toString().trimEnd().split('\n')).toHaveLength(1);
  });

  test('as Parquet is a whole file', async () => {
    const { bytes, type } = await file('format=parquet', 'many');
    expect(type).toMatch(/parquet/);
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
    // The number of rows stands in the footer; ClickHouse itself reads it back.
    await clickhouse.client.command({
      query: 'CREATE TABLE IF NOT EXISTS back (id String, metadata Map(String, String)) ENGINE = MergeTree ORDER BY id',
    });
    const insert = await fetch(`${clickhouse.url}/?database=stillhouse&query=${encodeURIComponent('INSERT INTO back FORMAT Parquet')}`, {
      method: 'POST',
      body: bytes,
    });
    expect(insert.status).toBe(200);
    const counted = await clickhouse.client.query({ query: 'SELECT uniqExact(id) AS n FROM back', format: 'JSONEachRow' });
    expect(await counted.json()).toEqual([{ n: 10050 }]);
  });

  test('refuses what it cannot do, with a status', async () => {
    expect((await file('format=xls')).status).toBe(400);
    expect((await file('limit=5')).status).toBe(400);
    expect((await file('text=!!')).status).toBe(400);
    expect((await file('nothing=1')).status).toBe(400);
  });
});
