/**
 * `npm run bench:traces [-- --rows 10000000 --seed 7 --home folder]`: what the trace store does at that size, on the embedded engine,
 * through HTTP. Segments of 2,000 rows are shipped as the gateway ships them, one after the other, with every index and
 * view; then the questions of the API are asked, by the store's own functions. The wall clock counts, the making of the
 * next segment beside the insert included. `diskShare`: bytes of all active parts, roll-ups and attempts too, ÷ bytes of JSON.
 * With `--home` the store stays in that folder, and where it has the rows already only the questions are asked: they depend on who
 * else wants the cores, and the shipping takes twenty minutes.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { TraceFilter, type TraceRow } from '../contracts/traces.ts';
import { seededRandom } from '../core/random.ts';
import { listTraces } from '../store/clickhouse/trace-list.ts';
import { getTrace, insertTraceSegment } from '../store/clickhouse/traces.ts';
import { usageOf } from '../store/clickhouse/usage.ts';
import { startTestClickHouse } from '../test/support/clickhouse.ts';
import { PROJECTS, projectName, RARE, SELDOM, SPAN_MS, traffic } from './traces/traffic.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, seed: { type: 'string', default: '7' }, home: { type: 'string' } },
});
const ROWS = Number(values.rows);
const SEED = Number(values.seed);
const SEGMENT_ROWS = 2_000;
const RUNS = 100;
/** So much is shipped after the questions, to ask some of them again beside it. */
const BESIDE_ROWS = Math.min(100_000, Math.floor(ROWS / 5));
const endMs = Date.parse('2026-06-30T00:00:00.000Z');

const clickhouse = await startTestClickHouse(values.home);
const { client } = clickhouse;

interface Segment {
  token: string;
  lines: Buffer;
}

/** Rows by the segment: one is cut at a month's border, as the shipper cuts it. `name`: of all these, in tokens and ids. */
function* segments(name: string, count: number, rowAt: (n: number) => TraceRow): Generator<Segment> {
  let lines: string[] = [];
  let month = '';
  let n = 0;
  const segment = (): Segment => ({ token: `${name}-${n}.${month}`, lines: Buffer.from(`${lines.join('\n')}\n`) });
  for (; n < count; n++) {
    const row = rowAt(n);
    if (lines.length > 0 && (lines.length === SEGMENT_ROWS || !row.ts.startsWith(month))) {
      yield segment();
      lines = [];
    }
    month = row.ts.slice(0, 7);
    lines.push(`{"segment_id":"${`${name}-${n - (n % SEGMENT_ROWS)}`.padStart(36, '0')}",${JSON.stringify(row).slice(1)}`);
    if (n % 250_000 === 0 && n > 0) console.error(`${n} rows`);
  }
  if (lines.length > 0) yield segment();
}

/** Bytes of JSON that were shipped. */
async function ship(all: Iterable<Segment>): Promise<number> {
  let sending: Promise<void> = Promise.resolve();
  let bytes = 0;
  for (const segment of all) {
    await sending;
    bytes += segment.lines.length;
    sending = insertTraceSegment(client, segment);
  }
  await sending;
  return bytes;
}

async function ask<Row>(query: string): Promise<Row[]> {
  return (await client.query({ query, format: 'JSONEachRow' })).json<Row>();
}

async function rowsStored(): Promise<number[]> {
  const [traces] = await ask<{ n: string; ids: string }>('SELECT count() AS n, uniqExact(id) AS ids FROM traces');
  const [days] = await ask<{ n: string }>('SELECT sum(calls) AS n FROM usage_days');
  return [traces!.n, traces!.ids, days!.n].map(Number);
}

let ids: { project: string; id: string }[] = [];
const random = seededRandom(SEED + 1);
const below = (limit: number) => Math.floor(random() * limit);
const anyProject = () => projectName(Math.min(below(PROJECTS), below(PROJECTS)));

/** The 95th percentile of so many times, and the median, in milliseconds. */
async function timed(question: (n: number) => Promise<unknown>, runs = RUNS): Promise<{ p50: number; p95: number }> {
  for (let n = 0; n < 5; n++) await question(n);
  const times: number[] = [];
  for (let n = 0; n < runs; n++) {
    const began = performance.now();
    await question(n);
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(runs / 2)]!, p95: times[Math.floor(runs * 0.95)]! };
}

const nowMs = endMs;
const list = (project: string, filter: object) => listTraces(client, project, TraceFilter.parse(filter), nowMs);
const FILTERS = [
  { model: 'gpt-5', status: 'error' },
  { provider: 'anthropic', minLatencyMs: 3_000 },
  { model: 'gemini-pro', status: 'ok' },
];
const QUESTIONS = {
  list: (n: number) => list(anyProject(), FILTERS[n % FILTERS.length]!),
  newest: () => list(anyProject(), {}),
  byId: async () => {
    const { project, id } = ids[below(ids.length)]!;
    if ((await getTrace(client, project, id)) === null) throw new Error(`${id} is not there`);
  },
  usage: () => {
    const span = { since: new Date(endMs - SPAN_MS).toISOString(), until: new Date(endMs).toISOString() };
    return usageOf(client, anyProject(), { by: ['day', 'model'], ...span });
  },
  search: (n: number) => list(anyProject(), { text: [RARE.word, SELDOM.word, 'contactless transfer', 'passcode'][n % 4] }),
  pair: () => list(anyProject(), { metadata: { customer: `c${below(20_000)}` } }),
  count: () => list(anyProject(), { count: 'true', limit: 1 }),
};

const [there = 0] = await rowsStored();
if (there > 0 && there < ROWS) throw new Error(`${values.home} has ${there} rows, and not ${ROWS}: take another folder`);
let shipping: { rowsPerS: number; diskShare: number; bytesPerRow: number } | null = null;
if (there === 0) {
  const began = performance.now();
  const bytes = await ship(segments('a', ROWS, traffic(SEED, ROWS, endMs)));
  const rowsPerS = Math.round(ROWS / ((performance.now() - began) / 1000));
  const [disk] = await ask<{ bytes: string }>(
    'SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase()',
  );
  shipping = { rowsPerS, diskShare: Number(disk!.bytes) / bytes, bytesPerRow: Math.round(bytes / ROWS) };
}
ids = await ask(`SELECT project, id FROM traces WHERE cityHash64(id) % ${Math.ceil(ROWS / 10_000)} = 0`);

const answers: Record<string, { p50: number; p95: number }> = {};
for (const [name, question] of Object.entries(QUESTIONS)) answers[name] = await timed(question);
const before = Math.max(there, ROWS);
const newer = (BESIDE_ROWS / ROWS) * SPAN_MS;
// Whoever runs it again ships other rows, in the same days.
const beside = ship(segments(`b${before}`, BESIDE_ROWS, traffic(SEED + before, BESIDE_ROWS, endMs + newer, newer)));
answers['list while inserting'] = await timed(QUESTIONS.list, 50);
await beside;
const stored = await rowsStored();
await clickhouse.stop();
if (!stored.every((count) => count === before + BESIDE_ROWS)) throw new Error(`rows were lost or doubled: ${JSON.stringify(stored)}`);

const table = new Table({ head: ['', 'p50 ms', 'p95 ms'] });
for (const [name, { p50, p95 }] of Object.entries(answers)) table.push([name, p50.toFixed(1), p95.toFixed(1)]);
console.log(table.toString());
const results = {
  rows: ROWS,
  rowsPerS: shipping?.rowsPerS ?? null,
  listP95Ms: answers['list']!.p95,
  listInsertingP95Ms: answers['list while inserting']!.p95,
  byIdP95Ms: answers['byId']!.p95,
  usageP95Ms: answers['usage']!.p95,
  searchP95Ms: answers['search']!.p95,
  diskShare: shipping?.diskShare ?? null,
};
console.log(
  shipping
    ? `${ROWS} rows of ${shipping.bytesPerRow} B of JSON, ${shipping.rowsPerS} rows/s, ${(shipping.diskShare * 100).toFixed(1)} % of it on disk`
    : `${before} rows, shipped earlier`,
);
mkdirSync('bench/results', { recursive: true });
const machine = { at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: availableParallelism() };
writeFileSync('bench/results/traces.json', `${JSON.stringify({ ...results, machine, answers }, null, 2)}\n`);
