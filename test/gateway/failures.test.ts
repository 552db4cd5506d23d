import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import type { TraceRow } from '../../contracts/traces.ts';
import { until } from '../support/until.ts';
import { type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

let bad: TestUpstream;
let good: TestUpstream;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'Hello' }];

beforeAll(async () => {
  bad = await startUpstream();
  good = await startUpstream(answerWith('from the fallback'));
  const timeouts = { connectMs: 500, firstByteMs: 300, idleMs: 300 };
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    // One round, and no memory of what failed before: routing has its own tests.
    limits: { retries: 0, breakerFailures: 1_000_000 },
    providers: [
      labProvider(bad.url, { timeouts }),
      labProvider(good.url, { id: 'good' }),
      labProvider('http://127.0.0.1:9', { id: 'gone' }),
    ],
    aliases: {
      fragile: { targets: [{ target: 'lab/test', weight: 1 }], fallbacks: ['gone/test', 'good/test'] },
      stale: { targets: [{ target: 'student/removed', weight: 1 }], fallbacks: ['good/test'] },
      lost: { targets: [{ target: 'nowhere/test', weight: 1 }], fallbacks: ['good/test'] },
    },
  });
});

beforeEach(() => {
  bad.asked.length = 0;
  good.asked.length = 0;
});

afterAll(async () => {
  await gateway?.dispose();
  await bad?.stop();
  await good?.stop();
});

const answerStatus =
  (status: number, body: string): TestUpstream['answer'] =>
  (_asked, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' }).end(body);
const cut: TestUpstream['answer'] = (_asked, response) => void response.socket!.destroy();
const silence: TestUpstream['answer'] = () => undefined;
const traceOf = (answer: Response): TraceRow => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
const errorOf = async (answer: Response) => ((await answer.json()) as { error: { code: string; message: string } }).error;

test.each([
  [
    'an error that is its own',
    answerStatus(503, '{"error":{"message":"overloaded","type":"x","param":null,"code":"y"}}'),
    503,
    'unavailable',
  ],
  ['too many requests', answerStatus(429, '{}'), 429, 'rate_limited'],
  ['a cut connection', cut, 0, 'upstream_reset'],
  ['silence', silence, 0, 'upstream_timeout'],
  ['something that is no completion', answerStatus(200, 'hello'), 200, 'upstream_invalid'],
  ['a redirect', answerStatus(302, ''), 0, 'upstream_invalid'],
])('%s before an answer began: the fallbacks are tried in order, each attempt is recorded', async (_name, answer, status, errorClass) => {
  bad.answer = answer;
  const got = await gateway.post({ model: 'fragile', messages });
  expect(got.status).toBe(200);
  expect(await got.json()).toMatchObject({ choices: [{ message: { content: 'from the fallback' } }] });
  expect(got.headers.get(HEADERS.target)).toBe('good/test');
  expect(got.headers.get(HEADERS.attempts)).toBe('3');
  expect(traceOf(got).attempts).toMatchObject([
    { target: 'lab/test', status, error_class: errorClass },
    { target: 'gone/test', status: 0, error_class: 'upstream_unreachable' },
    { target: 'good/test', status: 200, error_class: '' },
  ]);
});

test.each([
  ['an error', answerStatus(503, '{"error":{"message":"overloaded"}}'), 503, 'unavailable'],
  ['a refusal', answerStatus(400, '{"error":{"message":"no such parameter"}}'), 400, 'invalid_request'],
  ['a cut connection', cut, 502, 'upstream_reset'],
  ['silence', silence, 504, 'upstream_timeout'],
  ['something that is no completion', answerStatus(200, 'hello'), 502, 'upstream_invalid'],
])('%s without a fallback is passed on and recorded', async (_name, answer, status, errorClass) => {
  bad.answer = answer;
  const got = await gateway.post({ model: 'lab/test', messages });
  expect(got.status).toBe(status);
  expect(traceOf(got)).toMatchObject({
    status: 'error',
    http_status: status,
    error_class: errorClass,
    attempts: [{ target: 'lab/test', error_class: errorClass }],
  });
});

test("a provider's own error comes through as it was", async () => {
  const body = '{"error":{"message":"overloaded","type":"their_type","param":"p","code":"their_code"},"more":1}';
  bad.answer = answerStatus(503, body);
  const got = await gateway.post({ model: 'lab/test', messages });
  expect(await got.text()).toBe(body);
  expect(got.headers.get('retry-after')).toBe('7');
  expect(traceOf(got)).toMatchObject({ error_message: 'overloaded', response: body });
});

test('what is wrong with the request is not tried elsewhere', async () => {
  bad.answer = answerStatus(400, '{"error":{"message":"bad parameter"}}');
  const got = await gateway.post({ model: 'fragile', messages });
  expect(got.status).toBe(400);
  expect(good.asked).toHaveLength(0);
});

test('a target that the registry or the configuration has lost falls back too', async () => {
  for (const model of ['stale', 'lost']) expect((await gateway.post({ model, messages })).headers.get(HEADERS.target)).toBe('good/test');
});

test('a stream that is cut ends with an error frame and no [DONE]; the trace has what came', async () => {
  bad.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(chunkFrame({ content: 'half an' }), () => setImmediate(() => response.socket!.destroy()));
  };
  const got = await gateway.post({ model: 'fragile', messages, stream: true });
  const text = await got.text();
  expect(text).toContain('half an');
  expect(text).toContain('"upstream_reset"');
  expect(text).not.toContain('[DONE]');
  expect(traceOf(got)).toMatchObject({ status: 'error', error_class: 'upstream_reset', answer_text: 'half an' });
  expect(traceOf(got).cost_usd).toBeGreaterThan(0);
});

test('a stream that falls silent ends with a time-out', async () => {
  bad.answer = (_asked, response) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunkFrame({ content: 'and then' }));
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  expect(await got.text()).toContain('"upstream_timeout"');
});

test('a stream that fails before its first byte is tried elsewhere', async () => {
  bad.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    setImmediate(() => response.socket!.destroy());
  };
  const got = await gateway.post({ model: 'fragile', messages, stream: true });
  expect(got.headers.get(HEADERS.target)).toBe('good/test');
});

test.each([[false], [true]])('a caller who goes away cancels the call at the provider (streamed: %s)', async (stream) => {
  bad.answer = (_asked, response) => {
    if (stream) response.writeHead(200, { 'content-type': 'text/event-stream' }).write(chunkFrame({ content: 'endless' }));
  };
  const before = bad.aborted;
  const marker = `left-${stream}`;
  const aborter = new AbortController();
  const call = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-test-admin' },
    body: JSON.stringify({ model: 'lab/test', messages, stream, metadata: { marker } }),
    signal: aborter.signal,
  });
  if (stream) await (await call).body!.getReader().read();
  else await until('the provider is asked', () => bad.asked.length > 0);
  aborter.abort();
  await call.catch(() => undefined);
  await until('the call at the provider is cancelled', () => bad.aborted > before);
  const row = await until('a cancelled trace', () => spooledRows(gateway.home).find((one) => one.metadata['marker'] === marker));
  expect(row).toMatchObject({ status: 'cancelled', error_class: 'cancelled', answer_text: stream ? 'endless' : '' });
  expect(row.cost_usd).toBeGreaterThan(0);
  // Of a stream what came is known; of a whole answer it is as of a call that a crash cut off.
  expect(row.tokens_out).toBe(stream ? Math.ceil('endless'.length / 4) : 256);
});

test('the error says what happened', async () => {
  expect((await errorOf(await gateway.post({ model: 'gone/test', messages }))).message).toContain(
    'Provider "gone" cannot be reached (ECONNREFUSED)',
  );
});
