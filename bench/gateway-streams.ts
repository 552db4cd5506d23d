/**
 * `npm run bench:streams [-- --streams 1000 --frames 20 --every 500 --rounds 3]`: paced streams at once, straight from the upstream,
 * by a bare proxy and by the gateway with tracing and shipping on. Each frame carries the time at which it was written: how late it
 * is read is what is measured, and whether it comes alone. The upstream, the readers and ClickHouse have one core, what is measured
 * the other. Writes `bench/results/streams.json`.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { median } from '../core/statistics/median.ts';
import { startTestClickHouse } from '../test/support/clickhouse.ts';
import { KEY, giveWay, keepToCore, type Server, startFloor, startGatewayProcess, startPacedUpstream } from './gateway-servers.ts';
import { quantile } from './student-server/quantile.ts';

const { values } = parseArgs({
  options: {
    streams: { type: 'string', default: '1000' },
    frames: { type: 'string', default: '20' },
    every: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '3' },
  },
});
const [streams, frames, everyMs, rounds] = [values.streams, values.frames, values.every, values.rounds].map(Number) as [
  number,
  number,
  number,
  number,
];
const BODY = JSON.stringify({ model: 'mock', stream: true, messages: [{ role: 'user', content: 'Count.' }] });
const STAMP = /"content":" (\d+)"/g;

interface Read {
  latenessMs: number[];
  /** Reads that brought one frame alone, of all that brought any. */
  alone: number;
  reads: number;
  whole: number;
}

/** Reads one stream to its end. */
function readStream(port: number, into: Read): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let seen = 0;
    socket.setNoDelay(true);
    socket.on('connect', () =>
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${KEY}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(BODY)}\r\nconnection: close\r\n\r\n${BODY}`,
      ),
    );
    socket.on('data', (bytes) => {
      const now = process.hrtime.bigint();
      const stamps = [...bytes.toString('latin1').matchAll(STAMP)];
      for (const [, stamp] of stamps) into.latenessMs.push(Number(now - BigInt(stamp!)) / 1e6);
      seen += stamps.length;
      if (stamps.length === 0) return;
      into.reads++;
      if (stamps.length === 1) into.alone++;
    });
    socket.on('error', reject);
    socket.on('close', () => {
      if (seen === frames) into.whole++;
      resolve();
    });
  });
}

/** All streams at once, begun evenly over two intervals of their frames. */
async function measure(server: Server): Promise<Read> {
  await server.settle();
  const read: Read = { latenessMs: [], alone: 0, reads: 0, whole: 0 };
  const all: Promise<void>[] = [];
  const began = performance.now();
  for (let stream = 0; stream < streams; stream++) {
    const waitMs = began + (stream * 2 * everyMs) / streams - performance.now();
    if (waitMs > 1) await delay(waitMs);
    all.push(readStream(server.port, read));
  }
  await Promise.all(all);
  return read;
}

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
const core = availableParallelism() - 1;
keepToCore(0);
const clickhouse = await startTestClickHouse();
giveWay(clickhouse.pid);
const upstream = await startPacedUpstream(folder, 0, { frames, everyMs });
const servers = [
  upstream,
  await startFloor(upstream.port, folder, core),
  await startGatewayProcess(upstream.port, clickhouse.url, folder, core),
];
const measured = new Map<string, { p50Ms: number; p99Ms: number; aloneShare: number; whole: number }[]>();
for (let round = 0; round <= rounds; round++) {
  for (const server of servers) {
    const { latenessMs, alone, reads, whole } = await measure(server);
    // The first round makes programs warm.
    if (round === 0) continue;
    const result = { p50Ms: quantile(latenessMs, 0.5), p99Ms: quantile(latenessMs, 0.99), aloneShare: alone / reads, whole };
    measured.set(server.name, [...(measured.get(server.name) ?? []), result]);
    console.log(`round ${round}: ${server.name} late by ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms`);
  }
}
for (const server of servers) await server.stop();
await clickhouse.stop();
rmSync(folder, { recursive: true, force: true });

const rows = servers.map(({ name }) => {
  const all = measured.get(name)!;
  return {
    target: name,
    streams,
    frames: streams * frames,
    p50Ms: Number(median(all.map((one) => one.p50Ms))!.toFixed(2)),
    p99Ms: Number(median(all.map((one) => one.p99Ms))!.toFixed(2)),
    aloneShare: Number(median(all.map((one) => one.aloneShare))!.toFixed(4)),
    wholeStreams: Math.min(...all.map((one) => one.whole)),
  };
});
const table = new Table({ head: ['target', 'streams', 'frames', 'late p50 ms', 'late p99 ms', 'come alone', 'whole streams'] });
for (const row of rows) table.push(Object.values(row));
console.log(table.toString());
const late = (target: string) => rows.find((row) => row.target === target)!.p99Ms;
const added = {
  latenessAddedP99Ms: Number((late('stillhouse') - late('direct')).toFixed(2)),
  ofFloorP99Ms: Number((late('floor') - late('direct')).toFixed(2)),
};
console.log(`added to direct at p99: ${added.latenessAddedP99Ms} ms; a bare proxy: ${added.ofFloorP99Ms} ms`);
mkdirSync('bench/results', { recursive: true });
const machine = { at: new Date().toISOString(), cpu: cpus()[0]?.model, cores: availableParallelism() };
writeFileSync('bench/results/streams.json', `${JSON.stringify({ ...machine, everyMs, added, rows }, null, 2)}\n`);
