/**
 * `npm run bench:traces [-- --rows 10000000 --seed 7]`: what the trace store does at that size, on the embedded engine,
 * through HTTP. Segments of 2,000 rows are shipped as the gateway ships them, one after the other, with every index and
 * view; then the questions of the API are asked, by the store's own functions. The wall clock counts, the making of the
 * next segment beside the insert included. `diskShare`: bytes of all active parts, roll-ups and attempts too, ÷ bytes of JSON.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { TraceFilter } from '../contracts/traces.ts';
import { seededRandom } from '../core/random.ts';
import { listTraces } from '../store/clickhouse/trace-list.ts';
import { getTrace, insertTraceSegment } from '../store/clickhouse/traces.ts';
import { usageOf } from '../store/clickhouse/usage.ts';
import { startTestClickHouse } from '../test/support/clickhouse.ts';
import { PROJECTS, projectName, RARE, SELDOM, SPAN_MS, traffic } from './traces/traffic.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '10000000' }, seed: { type: 'string', default: '7' } } });
const ROWS = Number(values.rows);
const SEED = Number(values.seed);
const SEGMENT_ROWS = 2_000;
const RUNS = 100;
/** So much is shipped after the questions, to ask some of them again beside it. */
const BESIDE_ROWS = Math.min(100_000, Math.floor(ROWS / 5));
const endMs = Date.parse('2026-06-30T00:00:00.000Z');

const clickhouse = await startTestClickHouse();
const { client } = clickhouse;
const rowAt = traffic(SEED, ROWS + BESIDE_ROWS, endMs);
const ids: { project: string; id: string }[] = [];
let shipped = 0;
let rawBytes = 0;

interface Segment {
  token: string;
  lines: Buffer;
}

/** The next rows of one month: a segment is cut at its border, as the shipper cuts it. */
function* segments(until: number): Generator<Segment> {
  let lines: string[] = [];
  let month = '';
  const segment = (): Segment => ({ token: `segment-${shipped}.${month}`, lines: Buffer.from(`${lines.join('\n')}\n`) });
  for (; shipped < until; shipped++) {
    const row = rowAt(shipped);
    if (lines.length > 0 && (lines.length === SEGMENT_ROWS || !row.ts.startsWith(month))) {
      yield segment();
      lines = [];
    }
    month = row.ts.slice(0, 7);
    if (shipped % 997 === 0) ids.push({ project: row.project, id: row.id });
    lines.push(`{"segment_id":"${String(shipped - (shipped % SEGMENT_ROWS)).padStart(36, '0')}",${JSON.stringify(row).slice(1)}`);
  }
  if (lines.length > 0) yield segment();
}

async function ship(until: number): Promise<void> {
  let sending: Promise<void> = Promise.resolve();
  let told = shipped;
  for (const segment of segments(until)) {
    await sending;
    rawBytes += segment.lines.length;
    sending = insertTraceSegment(client, segment);
    if (shipped - told >= 250_000) console.error(`${(told = shipped)} rows`);
  }
  await sending;
}

const random = seededRandom(SEED + 1);
const below = (limit: number) => Math.floor(random() * limit);
const anyProject = () => projectName(Math.min(below(PROJECTS), below(PROJECTS)));

/** The 95th percentile of so many times, and the median, in milliseconds. */
async function timed(ask: (n: number) => Promise<unknown>, runs = RUNS): Promise<{ p50: number; p95: number }> {
  for (let n = 0; n < 5; n++) await ask(n);
  const times: number[] = [];
  for (let n = 0; n < runs; n++) {
    const began = performance.now();
    await ask(n);
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

const began = performance.now();
await ship(ROWS);
const rowsPerS = ROWS / ((performance.now() - began) / 1000);
const parts = await client.query({
  query: 'SELECT sum(bytes_on_disk) AS bytes FROM system.parts WHERE active AND database = currentDatabase()',
  format: 'JSONEachRow',
});
const diskBytes = Number((await parts.json<{ bytes: string }>())[0]!.bytes);
const rawShipped = rawBytes;

const answers: Record<string, { p50: number; p95: number }> = {};
for (const [name, ask] of Object.entries(QUESTIONS)) answers[name] = await timed(ask);
const beside = ship(ROWS + BESIDE_ROWS);
answers['list while inserting'] = await timed(QUESTIONS.list, 50);
await beside;
const stored = await client.query({ query: 'SELECT count() AS n, uniqExact(id) AS ids FROM traces', format: 'JSONEachRow' });
const [counts] = await stored.json<{ n: string; ids: string }>();
const rolled = await client.query({ query: 'SELECT sum(calls) AS n FROM usage_days', format: 'JSONEachRow' });
const [days] = await rolled.json<{ n: string }>();
await clickhouse.stop();
if (![counts?.n, counts?.ids, days?.n].every((n) => Number(n) === ROWS + BESIDE_ROWS))
  throw new Error(`rows were lost or doubled: ${JSON.stringify([counts, days])}`);

const table = new Table({ head: ['', 'p50 ms', 'p95 ms'] });
for (const [name, { p50, p95 }] of Object.entries(answers)) table.push([name, p50.toFixed(1), p95.toFixed(1)]);
console.log(table.toString());
const results = {
  rows: ROWS,
  rowsPerS: Math.round(rowsPerS),
  listP95Ms: answers['list']!.p95,
  listInsertingP95Ms: answers['list while inserting']!.p95,
  byIdP95Ms: answers['byId']!.p95,
  usageP95Ms: answers['usage']!.p95,
  searchP95Ms: answers['search']!.p95,
  diskShare: diskBytes / rawShipped,
};
console.log(
  `${ROWS} rows of ${Math.round(rawShipped / ROWS)} B of JSON, ${results.rowsPerS} rows/s, ${(results.diskShare * 100).toFixed(1)} % of it on disk`,
);
mkdirSync('bench/results', { recursive: true });
const machine = { at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: availableParallelism() };
writeFileSync('bench/results/traces.json', `${JSON.stringify({ ...results, machine, answers }, null, 2)}\n`);
