/** A gateway of several processes: one port, one set of limits, one look at all; killed one by one and all at once. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Agent, request } from 'undici';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.ts';
import { until } from '../support/until.ts';
import { keyMaker } from './app-keys.ts';
import { startStorm, storedCalls } from './call-storm.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { answerWith, startUpstream, type TestUpstream } from './upstream.ts';

const PROCESSES = 2;
let clickhouse: TestClickHouse;
let upstream: TestUpstream;
let gateway: GatewayProcess;
/** A connection for each call: the kernel gives them out. */
const connections = new Agent({ pipelining: 0 });

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  upstream = await startUpstream();
  gateway = await startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url), labProvider('http://127.0.0.1:9', { id: 'gone' })],
    limits: { breakerFailures: 2, breakerOpenMs: 600_000 },
    env: { STILLHOUSE_GATEWAY_PROCESSES: String(PROCESSES) },
  });
  await bothServe();
});
beforeEach(() => {
  upstream.answer = answerWith('four');
  upstream.asked.length = 0;
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  await clickhouse?.stop();
  await connections.close();
});

async function send(path: string, { body, key = ADMIN_KEY, headers = {} }: { body?: object; key?: string; headers?: object } = {}) {
  const answer = await request(`${gateway.url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
    dispatcher: connections,
  });
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
}
const ask = (content: string, options: { key?: string; headers?: object } = {}) =>
  send('/v1/chat/completions', { body: { model: 'lab/test', messages: [{ role: 'user', content }] }, ...options });
/** Samples of a metric by process. */
async function metric(name: string): Promise<number[]> {
  const { text } = await send('/metrics');
  return [...text.matchAll(new RegExp(`^stillhouse_${name}\\{process="\\d"\\} (.*)$`, 'gm'))].map(([, value]) => Number(value));
}
const bothServe = () => until('all processes serve', async () => (await metric('calls_in_flight')).length === PROCESSES, 30_000);
const children = () =>
  readFileSync(`/proc/${gateway.pid}/task/${gateway.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test('calls go to all of them; whoever is asked tells of all, each metric once', async () => {
  const before = await metric('calls_total');
  for (let call = 0; call < 20; call++) expect((await ask(`call ${call}`)).status).toBe(200);
  const after = await metric('calls_total');
  const made = after.map((value, i) => value - before[i]!);
  expect(made.reduce((a, b) => a + b, 0)).toBe(20);
  expect(Math.min(...made)).toBeGreaterThan(0);
  const { text } = await send('/metrics');
  const heads = text.match(/^# TYPE \S+/gm)!;
  expect(new Set(heads).size).toBe(heads.length);
  expect(text).toMatch(/^stillhouse_requests_total\{process="2",alias=""/m);
  const overview = JSON.parse((await send('/api/overview')).text) as { spool: { segments: number } };
  expect(overview.spool).toEqual({ segments: expect.any(Number), bytes: expect.any(Number), oldestAgeS: expect.any(Number) });
});

test('a breaker that one process has opened is seen by whoever asks', async () => {
  const failed = await send('/v1/chat/completions', { body: { model: 'gone/test', messages: [{ role: 'user', content: 'hello' }] } });
  expect(failed.status).toBeGreaterThanOrEqual(500);
  for (let look = 0; look < 12; look++) {
    const { items } = JSON.parse((await send('/api/providers')).text) as {
      items: { id: string; models: { breaker: string; probeInMs: number }[] }[];
    };
    const [model] = items.find(({ id }) => id === 'gone')!.models;
    expect(model!.breaker).toBe('open');
    expect(model!.probeInMs).toBeGreaterThan(0);
  }
});

test("a key's requests a minute are counted by all of them together", async () => {
  const { secret } = await keyMaker(clickhouse.client, () => gateway.url)({ limits: { requestsPerMinute: 7 } });
  await until('all processes know the key', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('/v1/models', { key: secret })));
    return answers.every(({ status }) => status === 200);
  });
  const answers = [];
  for (let call = 0; call < 12; call++) answers.push(await ask('hello', { key: secret }));
  expect(answers.map(({ status }) => status)).toEqual([...Array<number>(7).fill(200), ...Array<number>(5).fill(429)]);
  expect(answers.map(({ headers }) => headers['x-ratelimit-remaining-requests'])).toEqual([6, 5, 4, 3, 2, 1, 0, 0, 0, 0, 0, 0].map(String));
  expect(upstream.asked).toHaveLength(7);
});

test('an idempotency key holds over all of them, and a response goes on from one that another process made', async () => {
  let release = (): void => undefined;
  upstream.answer = async (asked, response) => {
    await new Promise<void>((resolve) => (release = resolve));
    await answerWith('once')(asked, response);
  };
  let answered = 0;
  const calls = Array.from({ length: 8 }, () => ask('once', { headers: { 'idempotency-key': 'the same' } }).finally(() => answered++));
  await until('all others have an answer', () => answered === 7);
  release();
  const same = await Promise.all(calls);
  // What is under way is a 409; whoever asks again gets the answer.
  expect(same.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(7).fill(409)]);
  const later = await Promise.all(same.map(() => ask('once', { headers: { 'idempotency-key': 'the same' } })));
  expect(new Set(later.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(later[0]).toMatchObject({ status: 200, text: expect.stringContaining('once') });
  expect(upstream.asked).toHaveLength(1);

  upstream.answer = answerWith('yes');
  let previous: string | undefined;
  for (let turn = 1; turn <= 4; turn++) {
    const body = { model: 'lab/test', input: `turn ${turn}`, ...(previous ? { previous_response_id: previous } : {}) };
    const { status, text } = await send('/v1/responses', { body });
    expect({ turn, status }).toEqual({ turn, status: 200 });
    previous = (JSON.parse(text) as { id: string }).id;
  }
  expect((upstream.asked.at(-1)!.body['messages'] as unknown[]).length).toBe(7);
});

test('one that is killed cuts its own calls only; another takes its place; what was answered is stored, once', async () => {
  const storm = startStorm(async (body) => {
    const answer = await send('/v1/chat/completions', { body: { ...body, model: 'lab/test' } });
    return new Response(answer.text, { status: answer.status });
  }, 8);
  for (let kill = 0; kill < 3; kill++) {
    const answered = storm.answered.size;
    await until('calls are answered', () => storm.answered.size > answered + 30);
    const [victim] = children();
    process.kill(victim!, 'SIGKILL');
    await until('it is gone', () => !children().includes(victim!));
    await bothServe();
  }
  await storm.stop();
  await until(
    'all that was answered is stored',
    async () => {
      const stored = await storedCalls(clickhouse.client, storm.run);
      return [...storm.answered].every((call) => stored.has(call));
    },
    60_000,
  );
  const stored = await storedCalls(clickhouse.client, storm.run);
  expect([...stored.values()].filter(({ rows }) => rows !== 1)).toEqual([]);
  expect([...storm.answered].filter((call) => stored.get(call)!.status !== 'ok')).toEqual([]);
}, 120_000);

test('they end with the primary, however it ends; the next start ships what they left', async () => {
  const calls = await Promise.all(Array.from({ length: 6 }, (_, i) => ask(`left ${i}`)));
  const ids = calls.map(({ headers }) => String(headers['x-stillhouse-trace-id']));
  const workers = children();
  expect(workers).toHaveLength(PROCESSES);
  await gateway.kill();
  await until('all are gone', () => !workers.some(isAlive));
  await gateway.restart();
  await bothServe();
  const stored = async () => {
    const query = {
      query: 'SELECT toUInt32(count()) AS n FROM traces WHERE id IN {ids:Array(UUID)}',
      query_params: { ids },
      format: 'JSONEachRow',
    } as const;
    return (await (await clickhouse.client.query(query)).json<{ n: number }>())[0]!.n;
  };
  await until('they are stored', async () => (await stored()) === ids.length, 30_000);
});

test('asked to stop, they let calls in flight end', async () => {
  const workers = children();
  let release = (): void => undefined;
  upstream.answer = async (asked, response) => {
    await new Promise<void>((resolve) => (release = resolve));
    await answerWith('late')(asked, response);
  };
  const call = ask('late');
  await until('it is asked', () => upstream.asked.length === 1);
  const stopped = gateway.stop();
  await until('nobody new is taken in', () =>
    send('/healthz').then(
      () => false,
      () => true,
    ),
  );
  release();
  expect((await call).status).toBe(200);
  expect(await stopped).toBe(0);
  expect(workers.some(isAlive)).toBe(false);
});

test('a port that is taken is said once, and nothing stays behind', async () => {
  const port = new URL(upstream.url).port;
  const start = startGatewayProcess({
    clickhouseUrl: clickhouse.url,
    providers: [labProvider(upstream.url)],
    env: { STILLHOUSE_GATEWAY_PROCESSES: '3', STILLHOUSE_PORT: port },
  });
  const { message } = (await start.catch((error: unknown) => error)) as Error;
  expect(message).toContain('ended with 1');
  expect(message.match(new RegExp(`Port ${port} of 127.0.0.1 is taken`, 'g'))).toHaveLength(1);
});
