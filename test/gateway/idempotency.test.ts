import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { valkeyStore } from '../../gateway/idempotency/valkey-store.ts';
import { connectValkey } from '../../gateway/limits/valkey.ts';
import { createLogger } from '../../platform/logger.ts';
import { until } from '../support/until.ts';
import { startTestValkey, type TestValkey, withoutValkey } from '../support/valkey.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

const messages = [{ role: 'user', content: 'Hello' }];
const body = { model: 'lab/test', messages };
let upstream: TestUpstream;
let gateway: GatewayProcess;

const start = (env: Record<string, string> = {}) =>
  startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [labProvider(upstream.url, { timeouts: { firstByteMs: 60_000 } }), labProvider('http://127.0.0.1:9', { id: 'gone' })],
    env,
  });
const keyed = (key: string) => ({ 'idempotency-key': key });
const codeOf = async (answer: Response) => ((await answer.json()) as { error: { code: string } }).error.code;
const isReplay = (answer: Response) => answer.headers.get(HEADERS.idempotentReplay) === 'true';

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await start();
});
beforeEach(() => {
  upstream.asked.length = 0;
  upstream.answer = answerWith('four');
});
afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

test('the same key and request is the first answer again, after a kill -9 too; another request under it is refused', async () => {
  const first = await gateway.post(body, keyed('again'));
  const text = await first.text();
  expect(isReplay(first)).toBe(false);
  await gateway.kill();
  await gateway.restart();
  const second = await gateway.post(body, keyed('again'));
  expect(await second.text()).toBe(text);
  expect(isReplay(second)).toBe(true);
  for (const name of [HEADERS.traceId, HEADERS.costUsd, 'content-type', 'x-request-id'])
    expect(second.headers.get(name)).toBe(first.headers.get(name));
  const other = await gateway.post({ ...body, temperature: 1 }, keyed('again'));
  expect([other.status, await codeOf(other)]).toEqual([422, 'idempotency_key_reused']);
  expect(upstream.asked).toHaveLength(1);
});

test('the same key of another API key is another key', async () => {
  await gateway.post(body, keyed('shared'));
  const other = await gateway.post(body, { ...keyed('shared'), authorization: 'Bearer sk-test-service' });
  expect([other.status, isReplay(other)]).toEqual([200, false]);
  expect(upstream.asked).toHaveLength(2);
});

test.each([
  ['completions', { model: 'lab/test', prompt: 'Hello' }],
  ['responses', { model: 'lab/test', input: 'Hello' }],
  ['messages', { model: 'lab/test', max_tokens: 10, messages }],
])('/v1/%s replays', async (path, asked) => {
  const post = async () => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...keyed(path) };
    const answer = await fetch(`${gateway.url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(asked) });
    return { replayed: isReplay(answer), status: answer.status, text: await answer.text() };
  };
  const first = await post();
  expect(first).toMatchObject({ replayed: false, status: 200 });
  expect(await post()).toEqual({ ...first, replayed: true });
  expect(upstream.asked).toHaveLength(1);
});

test('/v1/embeddings replays', async () => {
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const data = [{ object: 'embedding', index: 0, embedding: [0.5, 0.25] }];
    response.end(JSON.stringify({ object: 'list', model: 'test', data, usage: { prompt_tokens: 1, total_tokens: 1 } }));
  };
  const post = () =>
    fetch(`${gateway.url}/v1/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, ...keyed('vectors') },
      body: JSON.stringify({ model: 'lab/test', input: 'Hello' }),
    });
  const [first, second] = [await post(), await post()];
  expect([first.status, isReplay(second)]).toEqual([200, true]);
  expect(await second.text()).toBe(await first.text());
  expect(upstream.asked).toHaveLength(1);
});

const stream: TestUpstream['answer'] = (_asked, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const words = ['Ünd', ' so', ' weiter'].map((content) => chunkFrame({ content }));
  response.end([...words, chunkFrame({}, 'stop'), 'data: [DONE]\n\n'].join(''));
};

test('a stream is replayed as a stream, frame for frame', async () => {
  upstream.answer = stream;
  const first = await gateway.post({ ...body, stream: true }, keyed('stream'));
  const text = await first.text();
  const second = await gateway.post({ ...body, stream: true }, keyed('stream'));
  expect(second.headers.get('content-type')).toContain('text/event-stream');
  expect(isReplay(second)).toBe(true);
  expect(await second.text()).toBe(text);
  expect(text).toContain('Ünd');
  expect(text).toMatch(/\[DONE\]\n\n$/);
  expect(upstream.asked).toHaveLength(1);
});

test.each([[false], [true]])('a caller who goes away finds the answer when it asks again (streamed: %s)', async (streamed) => {
  let finish = () => {};
  upstream.answer = (asked, response) => {
    if (streamed) response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunkFrame({ content: 'endless' }));
    finish = () => (streamed ? void response.end(`${chunkFrame({}, 'stop')}data: [DONE]\n\n`) : void answerWith('late')(asked, response));
  };
  const aborter = new AbortController();
  const headers = { authorization: `Bearer ${ADMIN_KEY}`, ...keyed(`left-${streamed}`) };
  const text = JSON.stringify({ ...body, stream: streamed });
  const ask = (signal?: AbortSignal) =>
    fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body: text, ...(signal ? { signal } : {}) });
  const call = ask(aborter.signal);
  if (streamed) await (await call).body!.getReader().read();
  else await until('the provider is asked', () => upstream.asked.length === 1);
  aborter.abort();
  await call.catch(() => undefined);
  const meanwhile = await ask();
  expect([meanwhile.status, meanwhile.headers.get('retry-after')]).toEqual([409, '1']);
  expect(await codeOf(meanwhile)).toBe('idempotency_in_flight');
  finish();
  const answer = await until('the answer', async () => {
    const got = await ask();
    return got.status === 200 ? got : null;
  });
  expect(isReplay(answer)).toBe(true);
  expect(await answer.text()).toContain(streamed ? '[DONE]' : 'late');
  expect(upstream.asked).toHaveLength(1);
});

test('what no provider charged for is not kept', async () => {
  upstream.answer = (_asked, response) => void response.writeHead(429, { 'content-type': 'application/json' }).end('{}');
  expect((await gateway.post(body, keyed('free'))).status).toBe(429);
  upstream.answer = answerWith('four');
  expect((await gateway.post(body, keyed('free'))).status).toBe(200);
  expect((await gateway.post({ model: 'gone/test', messages }, keyed('gone'))).status).toBe(502);
  expect((await gateway.post(body, keyed('gone'))).status).toBe(200);
  expect((await gateway.post({ model: 'unknown', messages }, keyed('unknown'))).status).toBe(404);
  expect((await gateway.post(body, keyed('unknown'))).status).toBe(200);
});

test('what a provider may have charged for is kept', async () => {
  upstream.answer = (_asked, response) => void response.socket!.destroy();
  const first = await gateway.post(body, keyed('cut'));
  expect(first.status).toBe(502);
  const second = await gateway.post(body, keyed('cut'));
  expect([second.status, isReplay(second), await second.text()]).toEqual([502, true, await first.text()]);
  expect(upstream.asked).toHaveLength(1);
});

/** The gateway stands still while the provider's whole answer is put into its socket, and is killed there. */
const killWhenAnswered: TestUpstream['answer'] = (asked, response) => {
  process.kill(gateway.pid, 'SIGSTOP');
  response.on('finish', () => process.kill(gateway.pid, 'SIGKILL'));
  void answerWith('paid')(asked, response);
};

test('killed between the answer of the provider and that of the caller: the outcome is unknown, and nothing is paid twice', async () => {
  upstream.answer = killWhenAnswered;
  await expect(gateway.post(body, keyed('killed'))).rejects.toThrow();
  await gateway.kill();
  await gateway.restart();
  upstream.answer = answerWith('four');
  const again = await gateway.post(body, keyed('killed'));
  expect([again.status, again.headers.get('x-should-retry')]).toEqual([409, 'false']);
  expect(await codeOf(again)).toBe('idempotency_outcome_unknown');
  expect(upstream.asked).toHaveLength(1);
  expect((await gateway.post(body, keyed('killed-2'))).status).toBe(200);
});

test('a replay leaves no trace, costs nothing, and is counted', async () => {
  await gateway.post(body, keyed('counted'));
  const before = spooledRows(gateway.home).length;
  expect(isReplay(await gateway.post(body, keyed('counted')))).toBe(true);
  expect(spooledRows(gateway.home)).toHaveLength(before);
  expect(await (await fetch(`${gateway.url}/metrics`)).text()).toMatch(/stillhouse_idempotent_replays_total [1-9]/);
});

// withoutValkey says how to get one.
describe.skipIf(withoutValkey !== null)(`two gateways with one Valkey${withoutValkey ? ` (${withoutValkey})` : ''}`, () => {
  let valkey: TestValkey;
  let env: { VALKEY_URL: string; STILLHOUSE_MASTER_KEY: string };
  const own = () => gateways[0]!;
  const gateways: GatewayProcess[] = [];
  let alone: GatewayProcess;

  beforeAll(async () => {
    valkey = await startTestValkey();
    env = { VALKEY_URL: valkey.url, STILLHOUSE_MASTER_KEY: 'the same for both' };
    gateways.push(await start(env), await start(env));
    for (const one of gateways)
      await until('Valkey is reached', async () => (await (await fetch(`${one.url}/metrics`)).text()).includes('stillhouse_valkey_up 1'));
    alone = gateway;
  });
  afterEach(() => {
    gateway = alone;
  });
  afterAll(async () => {
    for (const one of gateways) await one.dispose();
    await valkey?.stop();
  });

  test('answers are forgotten by their traces', async () => {
    const connection = await connectValkey(env.VALKEY_URL, createLogger('test', 'silent'));
    await until('Valkey is reached', () => connection.ready());
    for (const purpose of ['idempotency', 'cache'] as const) {
      const store = valkeyStore(connection, purpose, Date.now);
      const later = Date.now() + 600_000;
      await store.put('put', `${later} text`, 'trace-1');
      await store.claim('claimed', `${later} text`, 'trace-2');
      await store.put('other', `${later} text`, 'trace-3');
      expect(await store.forget(['trace-1', 'trace-2', 'nobody'])).toBe(2);
      expect(await Promise.all(['put', 'claimed', 'other'].map((place) => store.read(place)))).toEqual([null, null, `${later} text`]);
      expect(await connection.client.keys(`stillhouse:${purpose}:trace:*`)).toEqual([`stillhouse:${purpose}:trace:trace-3`]);
      store.close();
    }
    connection.close();
  });

  test('one answers for the other', async () => {
    const first = await own().post(body, keyed('both'));
    const second = await gateways[1]!.post(body, keyed('both'));
    expect(isReplay(second)).toBe(true);
    expect(await second.text()).toBe(await first.text());
    expect(upstream.asked).toHaveLength(1);
  });

  test('one knows that the other is at it, and calls only once', async () => {
    let finish = () => {};
    upstream.answer = (asked, response) => {
      finish = () => void answerWith('late')(asked, response);
    };
    const first = own().post(body, keyed('busy'));
    await until('the provider is asked', () => upstream.asked.length === 1);
    expect(await codeOf(await gateways[1]!.post(body, keyed('busy')))).toBe('idempotency_in_flight');
    finish();
    expect((await first).status).toBe(200);
    expect(isReplay(await gateways[1]!.post(body, keyed('busy')))).toBe(true);
  });

  test('one that is killed leaves an unknown outcome, as soon as its sign of life is gone', async () => {
    gateway = own();
    upstream.answer = killWhenAnswered;
    await expect(own().post(body, keyed('killed'))).rejects.toThrow();
    const code = async () => codeOf(await gateways[1]!.post(body, keyed('killed')));
    expect(await code()).toBe('idempotency_in_flight');
    await expect.poll(code, { timeout: 60_000, interval: 1000 }).toBe('idempotency_outcome_unknown');
    expect(upstream.asked).toHaveLength(1);
  }, 90_000);

  test('with the server gone a call with a key is refused before it is sent, one without goes on', async () => {
    await valkey.kill();
    const refused = await gateways[1]!.post(body, keyed('down'));
    expect([refused.status, upstream.asked.length]).toEqual([503, 0]);
    expect((await gateways[1]!.post(body)).status).toBe(200);
  });
});
