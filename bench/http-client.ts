/**
 * `npm run bench:http-client [-- --rounds 5 --calls 20000]`: one call to a provider by the gateway's own HTTP client and by undici's pool, in
 * alternating rounds of one process: CPU a call (µs, user and kernel), at one connection and at 32, whole answers and streams of some fifty frames.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { type Dispatcher, Pool } from 'undici';
import { type CallDispatcher, HttpClient } from '../gateway/providers/http/http-client.ts';
import type { HttpRequest } from '../gateway/providers/http/http-request.ts';
import { keepToCore, startUpstream } from './gateway-servers.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, calls: { type: 'string', default: '20000' } } });
const TIMEOUTS = { connectMs: 10_000, firstByteMs: 60_000, idleMs: 60_000 };
const MOST = 4096;
const messages = [{ role: 'user', content: 'What is the capital of France?' }];
const requestOf = (stream: boolean): HttpRequest => ({
  method: 'POST',
  path: '/v1/chat/completions',
  headers: { 'content-type': 'application/json', authorization: 'Bearer sk-bench' },
  body: JSON.stringify({ model: 'mock', messages, temperature: 0, max_tokens: 64, stream }),
});

function call(client: CallDispatcher, request: HttpRequest): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: (_controller, chunk) => void (bytes += chunk.length),
      onResponseEnd: () => resolve(bytes),
      onResponseError: (_controller, error) => reject(error),
    };
    client.dispatch(request, handler);
  });
}

/** CPU in µs a call. */
async function measure(client: CallDispatcher, request: HttpRequest, connections: number, calls: number): Promise<number> {
  let left = calls;
  const before = process.cpuUsage();
  const asking = async () => {
    while (left-- > 0) if ((await call(client, request)) === 0) throw new Error('An answer was empty');
  };
  await Promise.all(Array.from({ length: connections }, asking));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

const folder = mkdtempSync(join(tmpdir(), 'stillhouse-bench-'));
keepToCore(availableParallelism() - 1);
const upstream = await startUpstream(folder, 0);
const origin = `http://127.0.0.1:${upstream.port}`;
const clients = {
  own: new HttpClient(origin, { connections: MOST, timeouts: TIMEOUTS }),
  undici: new Pool(origin, { connections: MOST, pipelining: 1 }),
};
const table = new Table({ head: ['answers', 'connections', 'own µs', 'undici µs', 'own of undici’s'] });
for (const stream of [false, true]) {
  for (const connections of [32, 1]) {
    const calls = Math.round((Number(values.calls) / (stream ? 4 : 1)) * (connections === 1 ? 0.25 : 1));
    const of: Record<keyof typeof clients, number[]> = { own: [], undici: [] };
    for (let round = 0; round <= Number(values.rounds); round++) {
      for (const name of ['own', 'undici'] as const) {
        const us = await measure(clients[name], requestOf(stream), connections, calls);
        // The first warms up.
        if (round > 0) of[name].push(us);
      }
    }
    const median = (all: number[]) => all.toSorted((a, b) => a - b)[all.length >> 1]!;
    const [own, undici] = [median(of.own), median(of.undici)];
    table.push([stream ? 'streams' : 'whole', connections, own.toFixed(1), undici.toFixed(1), (own / undici).toFixed(2)]);
  }
}
console.log(table.toString());
await Promise.all([clients.own.destroy(), clients.undici.destroy(), upstream.stop()]);
rmSync(folder, { recursive: true, force: true });
