/**
 * `npm run bench:gateway [-- --rounds 3 --calls 20000 --peers portkey,litellm --one-core]`: the gateway with tracing and shipping on, beside a
 * bare proxy and a relay of bytes (the least that any process in between adds on this machine), itself as two processes (`stillhouse-2`, on the same core) and, tracing off, Portkey and LiteLLM, in one run. One upstream answers all; the load generator, ClickHouse and it
 * have one core, what is measured the other; ClickHouse takes what of it nobody else wants. Rounds alternate; medians are reported. CPU is the server process's own, all
 * threads and children, from /proc; the gateway's includes what it spends until its last trace is in ClickHouse. `--one-core`: everything on the same
 * one, to tell what a server adds to a single call from what it takes a machine to wake another core four times.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { loadEnvironment } from '../platform/environment.ts';
import { startTestClickHouse } from '../test/support/clickhouse.ts';
import { type Peer, startLitellm, startPortkey } from './gateway-peers.ts';
import { KEY, giveWay, keepToCore, startFloor, startGatewayProcess, startRelay, startUpstream, type Server } from './gateway-servers.ts';
import { cpuSeconds, residentMb } from './process-cpu.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    calls: { type: 'string', default: '20000' },
    peers: { type: 'string', default: 'portkey,litellm' },
    'one-core': { type: 'boolean', default: false },
  },
});
const messages = [
  { role: 'system', content: 'You are terse.' },
  { role: 'user', content: 'What is the capital of France?' },
];
const body = { model: 'mock', messages, temperature: 0, max_tokens: 64 };
/** `share`: of `--calls`. A stream is some fifty writes, and one connection waits for each answer: fewer say as much. */
const LOADS = [
  { mode: 'json', connections: 32, share: 1, body: JSON.stringify(body) },
  { mode: 'json', connections: 1, share: 0.2, body: JSON.stringify(body) },
  { mode: 'stream', connections: 32, share: 0.4, body: JSON.stringify({ ...body, stream: true }) },
  { mode: 'stream', connections: 1, share: 0.1, body: JSON.stringify({ ...body, stream: true }) },
] as const;
type Load = (typeof LOADS)[number];

/** Loads before the first that counts. */
const WARM_UPS = 3;
/** LiteLLM takes a hundred times as long for a call. */
const SHARES: Readonly<Record<string, number>> = { portkey: 0.25, litellm: 0.02 };

interface Measured {
  rps: number;
  p50Ms: number;
  p99Ms: number;
  /** To the first token of a stream; null where none was asked for. */
  ttftP50Ms: number | null;
  cpuUsPerCall: number;
  rssMb: number;
  failed: number;
}

function run(
  server: Server & Partial<Peer>,
  load: Load,
  calls: number,
): { calls: number; failed: number; seconds: number } & Pick<Measured, 'p50Ms' | 'p99Ms' | 'ttftP50Ms'> {
  const generator = fileURLToPath(new URL('./gateway-load.ts', import.meta.url));
  const headers = JSON.stringify({ authorization: `Bearer ${KEY}`, ...server.headers });
  const args = [generator, String(server.port), String(calls), String(load.connections), '/v1/chat/completions', headers, load.body];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as ReturnType<typeof run>;
}

async function measure(server: Server, load: Load, calls: number): Promise<Measured> {
  await server.settle();
  const before = cpuSeconds(server.pid);
  const result = run(server, load, calls);
  await server.settle();
  const cpu = cpuSeconds(server.pid) - before;
  const { p50Ms, p99Ms, ttftP50Ms, failed } = result;
  return {
    rps: Math.round(result.calls / result.seconds),
    p50Ms,
    p99Ms,
    ttftP50Ms,
    cpuUsPerCall: Number(((cpu / result.calls) * 1e6).toFixed(1)),
    rssMb: residentMb(server.pid),
    failed,
  };
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

const env = loadEnvironment();
const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
const core = values['one-core'] ? 0 : availableParallelism() - 1;
keepToCore(0);
const clickhouse = await startTestClickHouse();
giveWay(clickhouse.pid);
const upstream = await startUpstream(folder, 0);
const peers = values.peers.split(',');
const servers: Server[] = [
  upstream,
  await startRelay(upstream.port, folder, core),
  await startFloor(upstream.port, folder, core),
  await startGatewayProcess(upstream.port, clickhouse.url, folder, core),
  await startGatewayProcess(upstream.port, clickhouse.url, folder, core, 2),
  ...(peers.includes('portkey') ? [await startPortkey(env, upstream.port, folder, core)] : []),
  ...(peers.includes('litellm') ? [await startLitellm(env, upstream.port, folder, core)] : []),
];
const callsOf = ({ name }: Server, { share }: Load) => Math.max(50, Math.round(Number(values.calls) * share * (SHARES[name] ?? 1)));
const measured = new Map<string, Measured[]>();
const keyOf = (name: string, { mode, connections }: Load) => `${name}/${mode}/${connections}`;
for (const load of LOADS) {
  // Compilers are done after some sixty thousand calls a process; who has twice the processes needs twice as many.
  for (const server of servers)
    for (let again = 0; again < WARM_UPS * (server.processes ?? 1); again++) run(server, load, callsOf(server, load));
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const server of servers) {
      const result = await measure(server, load, callsOf(server, load));
      const key = keyOf(server.name, load);
      measured.set(key, [...(measured.get(key) ?? []), result]);
      console.log(
        `${load.mode}, ${load.connections} connections, round ${round}: ${server.name} ${result.cpuUsPerCall} µs, ${result.rps}/s, p50 ${result.p50Ms} ms`,
      );
    }
  }
}
const rows = LOADS.flatMap((load) =>
  servers.map(({ name }) => {
    const all = measured.get(keyOf(name, load))!;
    const of = (field: keyof Measured) => median(all.map((one) => one[field] ?? Number.NaN));
    return {
      target: name,
      mode: load.mode,
      connections: load.connections,
      rps: of('rps'),
      p50Ms: of('p50Ms'),
      p99Ms: of('p99Ms'),
      ttftP50Ms: load.mode === 'stream' && all.every(({ ttftP50Ms }) => ttftP50Ms !== null) ? of('ttftP50Ms') : null,
      cpuUsPerCall: of('cpuUsPerCall'),
      rssMb: of('rssMb'),
      failed: all.reduce((sum, { failed }) => sum + failed, 0),
    };
  }),
);
const stored = await clickhouse.client.query({ query: 'SELECT count() AS n, uniqExact(id) AS ids FROM traces', format: 'JSONEachRow' });
for (const server of servers) await server.stop();
const [counts] = await stored.json<{ n: string; ids: string }>();
await clickhouse.stop();
rmSync(folder, { recursive: true, force: true });

const table = new Table({
  head: ['target', 'mode', 'connections', 'calls/s', 'p50 ms', 'p99 ms', 'first token ms', 'CPU µs', 'MB', 'failed'],
});
for (const row of rows) table.push(Object.values(row).map((value) => value ?? '–'));
console.log(table.toString());
for (const { target, mode, connections, failed } of rows)
  if (failed > 0)
    console.log(`${target}, ${mode}, ${connections} connections: ${failed} calls failed; its figures there are not of answers`);
const row = (target: string, mode: string, connections: number) =>
  rows.find((one) => one.target === target && one.mode === mode && one.connections === connections);
const ours = row('stillhouse', 'json', 32)!;
/** At the median of one call at a time. */
const addedMs = (target: string) => row(target, 'json', 1)!.p50Ms - row('direct', 'json', 1)!.p50Ms;
const ratios = {
  cpuTimesFloor: ours.cpuUsPerCall / row('floor', 'json', 32)!.cpuUsPerCall,
  p99TimesFloor: ours.p99Ms / row('floor', 'json', 32)!.p99Ms,
  addedMs: addedMs('stillhouse'),
  addedMsOfFloor: addedMs('floor'),
  addedMsOfRelay: addedMs('relay'),
  addedFirstTokenMs: row('stillhouse', 'stream', 1)!.ttftP50Ms! - row('direct', 'stream', 1)!.ttftP50Ms!,
  cpuOfTwoTimesOne: row('stillhouse-2', 'json', 32)!.cpuUsPerCall / ours.cpuUsPerCall,
  rpsTimesPortkey: ours.rps / (row('portkey', 'json', 32)?.rps ?? Number.NaN),
  rpsTimesLitellm: ours.rps / (row('litellm', 'json', 32)?.rps ?? Number.NaN),
};
console.log(
  Object.entries(ratios)
    .map(([name, value]) => `${name} ${value.toFixed(2)}`)
    .join(', '),
);
console.log(`${counts?.n} traces stored, ${counts?.ids} different`);
mkdirSync('bench/results', { recursive: true });
const machine = { at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: availableParallelism() };
writeFileSync('bench/results/gateway.json', `${JSON.stringify({ ...machine, ratios, stored: counts, rows }, null, 2)}\n`);
