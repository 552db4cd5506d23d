/**
 * `npm run bench:soak [-- --minutes 30 --calls 4000]`: does the gateway's memory stay flat? Every ten seconds so many calls, and a
 * tenth as many streams, go through it, tracing and shipping on; then its resident memory is read. It swings
 * between V8's full collections, one in about fifteen minutes at this pace, so that a median or a slope says what part of a swing was seen: what
 * a leak would raise is the peaks. Reported are those of both halves, without the first tenth, which makes it warm, and whether each answered call is stored once.
 * Writes `bench/results/soak.json`; ends with 1 where the second half's peak is more than a tenth higher, or a call is missing.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { startTestClickHouse } from '../test/support/clickhouse.ts';
import { KEY, keepToCore, startGatewayProcess, startUpstream } from './gateway-servers.ts';
import { residentMb } from './process-cpu.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '30' }, calls: { type: 'string', default: '4000' } } });
const [minutes, calls] = [Number(values.minutes), Number(values.calls)];
const EVERY_MS = 10_000;
const CONNECTIONS = 16;
const run = promisify(execFile);
const body = { model: 'mock', messages: [{ role: 'user', content: 'What is the capital of France?' }], max_tokens: 64 };

async function load(port: number, count: number, request: object): Promise<number> {
  const generator = fileURLToPath(new URL('./gateway-load.ts', import.meta.url));
  const headers = JSON.stringify({ authorization: `Bearer ${KEY}` });
  const args = [generator, String(port), String(count), String(CONNECTIONS), '/v1/chat/completions', headers, JSON.stringify(request)];
  const { stdout } = await run(process.execPath, args);
  const { calls: made, failed } = JSON.parse(stdout) as { calls: number; failed: number };
  return made - failed;
}

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-soak-'));
const core = availableParallelism() - 1;
keepToCore(0);
const clickhouse = await startTestClickHouse();
const upstream = await startUpstream(folder, 0);
const gateway = await startGatewayProcess(upstream.port, clickhouse.url, folder, core);
const samples: { atMs: number; mb: number }[] = [];
let answered = 0;
const began = performance.now();
for (let next = began; next - began < minutes * 60_000; next += EVERY_MS) {
  await delay(Math.max(0, next - performance.now()));
  answered += await load(gateway.port, calls, body);
  answered += await load(gateway.port, calls / 10, { ...body, stream: true });
  await gateway.settle();
  samples.push({ atMs: performance.now() - began, mb: residentMb(gateway.pid) });
  if (samples.length % 6 === 0)
    console.log(`${Math.round((performance.now() - began) / 60_000)} min: ${samples.at(-1)!.mb} MB, ${answered} calls`);
}
const result = await clickhouse.client.query({ query: 'SELECT count() AS n, uniqExact(id) AS ids FROM traces', format: 'JSONEachRow' });
const [stored] = await result.json<{ n: string; ids: string }>();
await gateway.stop();
await upstream.stop();
await clickhouse.stop();
rmSync(folder, { recursive: true, force: true });

const warm = samples.slice(Math.floor(samples.length / 10));
const half = warm.length >> 1;
const of = (part: typeof samples) => ({ peak: Math.max(...part.map(({ mb }) => mb)), lowest: Math.min(...part.map(({ mb }) => mb)) });
const [first, second] = [of(warm.slice(0, half)), of(warm.slice(half))];
const report = {
  minutes,
  answered,
  stored: Number(stored!.n),
  different: Number(stored!.ids),
  firstHalfMb: first,
  secondHalfMb: second,
};
console.log(report);
mkdirSync('bench/results', { recursive: true });
writeFileSync('bench/results/soak.json', `${JSON.stringify({ at: new Date().toISOString(), ...report, samples }, null, 2)}\n`);
const flat = second.peak <= 1.1 * first.peak;
const complete = report.stored === answered && report.different === answered;
if (!flat) console.error('The peak of memory grew by more than a tenth.');
if (!complete) console.error(`${answered} calls were answered, ${report.stored} are stored, ${report.different} different ones.`);
process.exitCode = flat && complete ? 0 : 1;
