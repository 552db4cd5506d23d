import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type CuttingProxy, startCuttingProxy } from '../gateway/cutting-proxy.ts';
import { settledCalls, startStorm, storedCalls } from '../gateway/call-storm.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from '../gateway/gateway-process.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from '../gateway/upstream.ts';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';

// Every answered call is stored exactly once, whatever is killed. Counted by SQL against what the callers saw.
let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let proxy: CuttingProxy;
let gateway: GatewayProcess;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream((asked, response) => {
    if (asked.body['stream'] !== true) return answerWith('four')(asked, response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const word of ['one', 'two', 'three']) response.write(chunkFrame({ content: word }));
    response.write(chunkFrame({}, 'stop'));
    response.write(`data: ${JSON.stringify({ id: 'x', choices: [], usage: USAGE })}\n\n`);
    response.end('data: [DONE]\n\n');
  });
  proxy = await startCuttingProxy(() => clickhouse.url);
});

afterEach(async () => {
  proxy.mode = 'pass';
  await gateway?.dispose();
});

afterAll(async () => {
  await proxy?.stop();
  await upstream?.stop();
  await clickhouse?.stop();
});

const start = async () => (gateway = await startGatewayProcess({ clickhouseUrl: proxy.url, providers: [labProvider(upstream.url)] }));
const storm = (width = 8) =>
  startStorm(
    (body) => gateway.post(body),
    width,
    (call) => call % 3 === 0,
  );
const isReady = async () => (await fetch(`${gateway.url}/readyz`)).ok;

test('ClickHouse down: calls are answered and ready stays 200; all is stored once it is back', async () => {
  await start();
  await clickhouse.kill();
  const calls = storm();
  await until('some hundred answers without ClickHouse', () => calls.answered.size >= 300);
  expect(await isReady()).toBe(true);
  await clickhouse.restart();
  await until('more answers with it', () => calls.answered.size >= 500);
  await calls.stop();
  expect(calls.failed).toBe(0);
  expect(await settledCalls(clickhouse.client, calls)).toEqual({ missing: 0, doubled: 0, stored: calls.answered.size, interrupted: 0 });
});

test('the gateway killed in the midst of shipments', async () => {
  await start();
  const calls = storm();
  for (let strike = 1; strike <= 4; strike++) {
    const [answered, passed] = [calls.answered.size, proxy.passed];
    await until('answers and a shipment', () => calls.answered.size > answered + 150 && proxy.passed > passed);
    await gateway.kill();
    await gateway.restart();
  }
  await calls.stop();
  const end = await settledCalls(clickhouse.client, calls);
  expect(end).toMatchObject({ missing: 0, doubled: 0 });
  expect(calls.answered.size).toBeGreaterThan(600);
});

test('acknowledgements lost: what ClickHouse has done is not done again', async () => {
  await start();
  proxy.mode = 'cut-answers';
  const before = proxy.cut;
  const calls = storm(4);
  await until('the same segment was cut several times', () => proxy.cut >= before + 3);
  proxy.mode = 'pass';
  await calls.stop();
  expect(await settledCalls(clickhouse.client, calls)).toEqual({ missing: 0, doubled: 0, stored: calls.answered.size, interrupted: 0 });
  // Those of a segment come behind its traces.
  await until('all attempts', async () => (await attemptsOf(calls.run)) >= calls.answered.size);
  expect(await attemptsOf(calls.run)).toBe(calls.answered.size);
});

test('acknowledgement lost, then the gateway killed: the next process sends again and nothing is doubled', async () => {
  await start();
  const calls = storm(4);
  await until('answers', () => calls.answered.size >= 50);
  proxy.mode = 'cut-answers';
  const before = proxy.cut;
  await until('a cut acknowledgement', () => proxy.cut > before);
  await gateway.kill();
  proxy.mode = 'pass';
  await gateway.restart();
  await calls.stop();
  expect(await settledCalls(clickhouse.client, calls)).toMatchObject({ missing: 0, doubled: 0 });
});

test('both killed at once, twice', async () => {
  await start();
  const calls = storm();
  for (let strike = 1; strike <= 2; strike++) {
    const answered = calls.answered.size;
    await until('answers', () => calls.answered.size > answered + 200);
    await Promise.all([gateway.kill(), clickhouse.kill()]);
    await gateway.restart();
    expect(await isReady()).toBe(true);
    const without = calls.answered.size;
    await until('answers without ClickHouse', () => calls.answered.size > without + 100);
    await clickhouse.restart();
  }
  await calls.stop();
  expect(await settledCalls(clickhouse.client, calls)).toMatchObject({ missing: 0, doubled: 0 });
});

test('calls that a kill cut off become interrupted traces with their estimate, once, also when the adoption is killed', async () => {
  await start();
  await clickhouse.kill();
  const { answer } = upstream;
  let waiting = 0;
  upstream.answer = () => void waiting++;
  const calls = storm(6);
  await until('six calls wait for the provider', () => waiting >= 6);
  await gateway.kill();
  await calls.stop();
  upstream.answer = answer;
  // Each next process adopts; it is killed at different moments of that, ClickHouse being away all the while.
  for (let life = 0; life < 4; life++) {
    await gateway.restart();
    await gateway.kill();
  }
  await clickhouse.restart();
  await gateway.restart();
  const stored = await until('six interrupted traces', async () => {
    const all = await storedCalls(clickhouse.client, calls.run);
    return all.size >= 6 && all;
  });
  expect([...stored.values()]).toEqual(Array.from({ length: 6 }, () => expect.objectContaining({ rows: 1, status: 'interrupted' })));
  const result = await clickhouse.client.query({
    query: "SELECT min(cost_usd) AS least, toUInt32(min(tokens_in)) AS tokens FROM traces WHERE metadata['run'] = {run:String}",
    query_params: { run: calls.run },
    format: 'JSONEachRow',
  });
  const [row] = await result.json<{ least: number; tokens: number }>();
  expect(row!.least).toBeGreaterThan(0);
  expect(row!.tokens).toBeGreaterThan(10);
});

test('asked to stop, it ends its calls, ships them and leaves nothing behind', async () => {
  await start();
  const calls = storm(4);
  await until('answers', () => calls.answered.size >= 50);
  const stopped = calls.stop();
  await stopped;
  expect(await gateway.stop()).toBe(0);
  const stored = await storedCalls(clickhouse.client, calls.run);
  expect(stored.size).toBe(calls.answered.size);
});

async function attemptsOf(run: string): Promise<number> {
  const result = await clickhouse.client.query({
    query: "SELECT toUInt32(count()) AS n FROM attempts WHERE trace_id IN (SELECT id FROM traces WHERE metadata['run'] = {run:String})",
    query_params: { run },
    format: 'JSONEachRow',
  });
  return (await result.json<{ n: number }>())[0]!.n;
}
