// `npm run bench:gateway [-- --rounds 3 --calls 40000 --modes json,stream]`: CPU a call of the gateway with tracing and shipping, against the
// bare proxy in the same run. Both answer the same upstream over 32 connections, in turns; medians are reported. CPU is
// the server process's own, all threads, from /proc; the gateway's includes what it spends until its last trace is in
// ClickHouse. A row is a server and a mode: more of either is one line.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { startTestClickHouse } from '../test/support/clickhouse.ts';
import { KEY, startFloor, startGatewayProcess, startUpstream, type Server } from './gateway-servers.ts';
import { cpuSeconds } from './process-cpu.ts';

const TARGET_RATIO = 1.6;
const CONNECTIONS = 32;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    calls: { type: 'string', default: '40000' },
    modes: { type: 'string', default: 'json,stream' },
  },
});
const messages = [
  { role: 'system', content: 'You are terse.' },
  { role: 'user', content: 'What is the capital of France?' },
];
const MODES = {
  json: JSON.stringify({ model: 'mock', messages, temperature: 0, max_tokens: 64 }),
  stream: JSON.stringify({ model: 'mock', messages, temperature: 0, max_tokens: 64, stream: true }),
};
type Mode = keyof typeof MODES;
const modes = values.modes.split(',') as Mode[];

interface Measurement {
  calls: number;
  failed: number;
  p50Ms: number;
  p99Ms: number;
  callsPerSecond: number;
  cpuMicrosPerCall: number;
}

function load(server: Server, mode: Mode, calls: number): { calls: number; failed: number; seconds: number; p50Ms: number; p99Ms: number } {
  const generator = fileURLToPath(new URL('./gateway-load.ts', import.meta.url));
  const args = [generator, String(server.port), String(calls), String(CONNECTIONS), '/v1/chat/completions', KEY, MODES[mode]];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as ReturnType<typeof load>;
}

async function measure(server: Server, mode: Mode, calls: number): Promise<Measurement> {
  const before = cpuSeconds(server.pid);
  const result = load(server, mode, calls);
  await server.settle();
  const cpu = cpuSeconds(server.pid) - before;
  return {
    ...result,
    callsPerSecond: Math.round(result.calls / result.seconds),
    cpuMicrosPerCall: Number(((cpu / result.calls) * 1e6).toFixed(1)),
  };
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
const measuredCore = availableParallelism() - 1;
const clickhouse = await startTestClickHouse();
const upstream = await startUpstream(folder, 0);
const servers = [
  await startFloor(upstream.port, folder, measuredCore),
  await startGatewayProcess(upstream.port, clickhouse.url, folder, measuredCore),
];
/** A stream is some fifty writes: fewer of them say as much. */
const callsOf = (mode: Mode) => (mode === 'stream' ? Number(values.calls) / 2 : Number(values.calls));
const runs: { server: string; mode: Mode; round: number; measurement: Measurement }[] = [];
for (const mode of modes) {
  for (const server of servers) load(server, mode, callsOf(mode) / 2);
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const server of servers) {
      await server.settle();
      const measurement = await measure(server, mode, callsOf(mode));
      runs.push({ server: server.name, mode, round, measurement });
      console.log(`${mode} ${round}: ${server.name}: ${measurement.cpuMicrosPerCall} µs CPU a call, ${measurement.callsPerSecond} calls/s`);
    }
  }
}
const rows = modes.flatMap((mode) => {
  const of = (name: string) => runs.filter((run) => run.server === name && run.mode === mode).map((run) => run.measurement);
  const floor = median(of(servers[0]!.name).map((one) => one.cpuMicrosPerCall));
  return servers.map(({ name }) => {
    const all = of(name);
    const cpuMicrosPerCall = median(all.map((one) => one.cpuMicrosPerCall));
    const ratio = Number((cpuMicrosPerCall / floor).toFixed(3));
    const callsPerSecond = median(all.map((one) => one.callsPerSecond));
    return {
      server: name,
      mode,
      cpuMicrosPerCall,
      ratio,
      callsPerSecond,
      p50Ms: median(all.map((one) => one.p50Ms)),
      p99Ms: median(all.map((one) => one.p99Ms)),
      failed: all.reduce((sum, one) => sum + one.failed, 0),
    };
  });
});
const stored = await clickhouse.client.query({ query: 'SELECT count() AS n, uniqExact(id) AS ids FROM traces', format: 'JSONEachRow' });
for (const server of [...servers, upstream]) await server.stop();
const [counts] = await stored.json<{ n: string; ids: string }>();
await clickhouse.stop();

const table = new Table({ head: ['server', 'mode', 'CPU µs a call', '× floor', 'calls/s', 'p50 ms', 'p99 ms', 'failed'] });
for (const row of rows)
  table.push([row.server, row.mode, row.cpuMicrosPerCall, row.ratio, row.callsPerSecond, row.p50Ms, row.p99Ms, row.failed]);
console.log(table.toString());
const ratio = rows.find((row) => row.mode === 'json' && row.server !== servers[0]!.name)!.ratio;
const report = {
  at: new Date().toISOString(),
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  connections: CONNECTIONS,
  calls: Number(values.calls),
  ratio,
  target: TARGET_RATIO,
  stored: counts,
  rows,
  runs,
};
const results = fileURLToPath(new URL('./results/', import.meta.url));
mkdirSync(results, { recursive: true });
writeFileSync(join(results, 'gateway.json'), `${JSON.stringify(report, null, 2)}\n`);
rmSync(folder, { recursive: true, force: true });
console.log(
  `${ratio} times the floor (at most ${TARGET_RATIO}); ${counts?.n} traces stored, ${counts?.ids} different; bench/results/gateway.json`,
);
process.exitCode = ratio <= TARGET_RATIO ? 0 : 1;
