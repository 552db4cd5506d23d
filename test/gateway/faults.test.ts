import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { TLS_CERTIFICATE, TLS_KEY } from './unsigned-certificate.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from './upstream.ts';
import { BEFORE, MIDDLE, midStream, SECRET, status, STREAM, STREAMED_BEFORE, wholeStream } from './upstream-faults.ts';

/**
 * What a provider can do wrong, each with what becomes of a call: whole and streamed, alone and with another target behind
 * it. `docs/gateway.md` lists them.
 */

type Answer = TestUpstream['answer'];

let bad: TestUpstream;
let good: TestUpstream;
let prefixed: TestUpstream;
let tls: ReturnType<typeof createTlsServer>;
let mute: Server;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'Hello' }];

const answerEither =
  (text: string): Answer =>
  (asked, response) =>
    asked.body['stream'] === true ? wholeStream(...text.split(/(?= )/))(asked, response) : answerWith(text)(asked, response);

beforeAll(async () => {
  bad = await startUpstream();
  good = await startUpstream(answerEither('from the fallback'));
  prefixed = await startUpstream();
  // A certificate that nobody has signed.
  tls = createTlsServer({ key: TLS_KEY, cert: TLS_CERTIFICATE }, (_request, response) => void response.end('{}'));
  await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  mute = createServer((socket) => void socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const timeouts = { connectMs: 500, firstByteMs: 300, firstTokenMs: 400, idleMs: 300, totalMs: 1500 };
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    env: { MISTRAL_API_KEY: 'sk-test' },
    limits: { retries: 1, retryBaseMs: 1, retryMaxMs: 1500, breakerFailures: 1_000_000 },
    providers: [
      labProvider(bad.url, { timeouts }),
      labProvider(good.url, { id: 'good' }),
      labProvider(prefixed.url, { id: 'going', kind: 'mistral' }),
      labProvider('http://127.0.0.1:9', { id: 'gone' }),
      labProvider(`https://127.0.0.1:${(mute.address() as AddressInfo).port}`, { id: 'mute', timeouts }),
      labProvider(`https://127.0.0.1:${(tls.address() as AddressInfo).port}`, { id: 'tls' }),
    ],
    aliases: {
      ...Object.fromEntries(
        ['lab', 'gone', 'tls', 'mute'].map((id) => [
          `with-${id}`,
          { targets: [{ target: `${id}/test`, weight: 1 }], fallbacks: ['good/test'] },
        ]),
      ),
      'going-unpriced': { targets: [{ target: 'lab/test', weight: 1 }], fallbacks: ['going/ours'] },
      'going-on': { targets: [{ target: 'lab/test', weight: 1 }], fallbacks: ['good/test', 'going/test'] },
    },
  });
});

afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([bad?.stop(), good?.stop(), prefixed?.stop()]);
  tls?.close();
  mute?.close();
});

const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
/** Text of a streamed answer, whether it ended well, and the error's code where one is in it. */
async function readStream(answer: Response): Promise<{ text: string; done: boolean; error: string | null }> {
  const frames = (await answer.text()).split('\n\n').filter((frame) => frame.startsWith('data: '));
  const data = frames.map((frame) => frame.slice(6));
  const chunks = data.filter((one) => one !== '[DONE]').map((one) => JSON.parse(one));
  return {
    text: chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join(''),
    done: data.at(-1) === '[DONE]',
    error: chunks.find((chunk) => chunk.error)?.error.code ?? null,
  };
}

const runs = [
  ...BEFORE.flatMap((fault) => [false, true].map((stream) => ({ ...fault, stream }))),
  ...STREAMED_BEFORE.map((fault) => ({ ...fault, stream: true })),
];

test.each(runs)('$name (streamed: $stream): the next target answers', async ({ answer, id = 'lab', stream }) => {
  if (answer) bad.answer = answer;
  const got = await gateway.post({ model: `with-${id}`, messages, stream });
  expect([got.status, got.headers.get(HEADERS.target), got.headers.get(HEADERS.attempts)]).toEqual([200, 'good/test', '2']);
  if (stream) expect(await readStream(got)).toEqual({ text: 'from the fallback', done: true, error: null });
  else expect(await got.json()).toMatchObject({ choices: [{ message: { content: 'from the fallback' } }] });
  expect(traceOf(got)).toMatchObject({ status: 'ok', target: 'good/test', answer_text: 'from the fallback' });
});

test.each(runs)(
  '$name (streamed: $stream), and nobody else: an error that says so',
  async ({ name, answer, id = 'lab', stream, alone }) => {
    if (answer) bad.answer = answer;
    const got = await gateway.post({ model: `${id}/test`, messages, stream });
    const [code, error] = alone;
    expect(got.status).toBe(code);
    if (error !== null) expect(await got.json()).toMatchObject({ error: { code: error } });
    else expect(await got.text()).toMatch(/^(<html>Bad gateway<\/html>)?$/);
    // Once more where that can help, unless the provider wants a longer wait than the gateway's.
    const once = code === 504 || name.includes('long');
    expect(traceOf(got)).toMatchObject({ status: 'error', http_status: code });
    expect(traceOf(got).attempts).toHaveLength(once ? 1 : 2);
  },
);

test.each(MIDDLE)('$name in mid-stream, and nobody can go on: an error event, never a success', async ({ answer, code }) => {
  bad.answer = answer;
  const got = await gateway.post({ model: 'with-lab', messages, stream: true });
  expect(await readStream(got)).toEqual({ text: SECRET, done: false, error: code });
  expect(traceOf(got)).toMatchObject({ status: 'error', error_class: code, answer_text: SECRET, target: 'lab/test' });
  expect(traceOf(got).cost_usd).toBeGreaterThan(0);
});

test.each(MIDDLE)('$name in mid-stream: a target that continues a prefix goes on from the text', async ({ answer }) => {
  bad.answer = answer;
  // It says the prefix again, as some do, cut in the middle.
  prefixed.answer = wholeStream('half of', ' an answer', ', and', ' the rest');
  const got = await gateway.post({ model: 'going-on', messages, stream: true });
  expect(await readStream(got)).toEqual({ text: `${SECRET}, and the rest`, done: true, error: null });
  expect((prefixed.asked.at(-1)!.body['messages'] as object[]).at(-1)).toEqual({ role: 'assistant', content: SECRET, prefix: true });
  const trace = traceOf(got);
  expect(trace).toMatchObject({ status: 'ok', answer_text: `${SECRET}, and the rest`, finish_reason: 'stop', target: 'going/test' });
  expect(trace.attempts).toMatchObject([{ target: 'lab/test' }, { target: 'going/test', error_class: '' }]);
  // Both are paid for.
  expect(trace.cost_usd).toBeCloseTo(
    trace.attempts.reduce((sum, { cost_usd }) => sum + cost_usd!, 0),
    12,
  );
  expect(trace.attempts.every(({ cost_usd }) => cost_usd! > 0)).toBe(true);
});

test('thoughts before the text: it is gone on with, and another one’s thoughts are kept back', async () => {
  const [broken, other] = [{ model: 'model-that-broke' }, { model: 'mistral-large-latest' }];
  bad.answer = (_asked, response) => {
    response.writeHead(200, STREAM);
    const begun = [{ reasoning_content: 'hm' }, { content: SECRET }].map((delta) => chunkFrame(delta, null, broken));
    response.write(begun.join(''), () => setImmediate(() => response.socket!.destroy()));
  };
  prefixed.answer = (_asked, response) => {
    const deltas = [{ reasoning_content: 'so' }, { content: SECRET }, { reasoning_content: 'and', content: ', and the rest' }];
    response.writeHead(200, STREAM);
    response.write(deltas.map((delta) => chunkFrame(delta, null, other)).join(''));
    response.end(`${chunkFrame({}, 'stop', other)}data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`);
  };
  const got = await gateway.post({ model: 'going-unpriced', messages, stream: true });
  const frames = (await got.text()).split('\n\n').filter((frame) => frame.startsWith('data: {'));
  const chunks = frames.map((frame) => JSON.parse(frame.slice(6)));
  const deltas = chunks.map((chunk) => chunk.choices[0].delta);
  expect(deltas.map((delta) => delta.reasoning_content ?? '').join('')).toBe('hm');
  expect(deltas.map((delta) => delta.content ?? '').join('')).toBe(`${SECRET}, and the rest`);
  // One stream to its caller; its trace says whose end it was, and what that costs by its model's name.
  expect(new Set(chunks.map(({ model }) => model))).toEqual(new Set(['model-that-broke']));
  const trace = traceOf(got);
  expect(trace).toMatchObject({ status: 'ok', target: 'going/ours', model_answered: 'mistral-large-latest' });
  expect(trace.attempts).toMatchObject([{ target: 'lab/test' }, { target: 'going/ours', tokens_in: 10, tokens_out: 4 }]);
  expect(trace.attempts[1]!.cost_usd).toBeGreaterThan(0);
});

const usageFrame = `data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\n`;
test.each<[string, Parameters<typeof midStream>[0]]>([
  ['a cut', (_write, response) => response.socket!.destroy()],
  ['a stall', () => undefined],
  ['half of what was used', (write, response) => (write(usageFrame.slice(0, 30)), response.end())],
])('%s behind the finish reason: the answer is whole, and its tokens are estimated', async (_name, then) => {
  bad.answer = midStream((write, response) => {
    write(chunkFrame({}, 'stop'));
    setImmediate(() => then(write, response));
  });
  const got = await gateway.post({ model: 'with-lab', messages, stream: true });
  // As of a provider that sets no end mark: clients end with the stream.
  expect(await readStream(got)).toEqual({ text: SECRET, done: false, error: null });
  expect(traceOf(got)).toMatchObject({ status: 'ok', error_class: '', answer_text: SECRET, finish_reason: 'stop', target: 'lab/test' });
  expect(traceOf(got).attempts).toMatchObject([{ error_class: '', tokens_out: Math.ceil(SECRET.length / 4) }]);
  // Of two choices, one is not the answer.
  const two = await gateway.post({ model: 'lab/test', messages, stream: true, n: 2 });
  expect(await two.text()).toMatch(/"upstream_(reset|timeout)"/);
});

test('a target that was to go on and only thinks has not gone on', async () => {
  bad.answer = midStream((_write, response) => response.socket!.destroy());
  prefixed.answer = (_asked, response) => {
    response.writeHead(200, STREAM);
    response.end(`${chunkFrame({ reasoning_content: 'and the rest' })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`);
  };
  const got = await gateway.post({ model: 'going-on', messages, stream: true });
  expect(await readStream(got)).toEqual({ text: SECRET, done: false, error: 'upstream_invalid' });
});

test('a retry waits as long as the provider asks for', async () => {
  let asked = 0;
  bad.answer = (ask, response) =>
    asked++ === 0 ? status(429, '{}', { 'retry-after-ms': '400' })(ask, response) : answerWith('at last')(ask, response);
  const began = performance.now();
  const got = await gateway.post({ model: 'lab/test', messages });
  expect(await got.json()).toMatchObject({ choices: [{ message: { content: 'at last' } }] });
  expect(performance.now() - began).toBeGreaterThan(390);
  expect(traceOf(got).attempts).toMatchObject([{ status: 429 }, { status: 200 }]);
});

test('a provider that says not to retry is not asked again', async () => {
  bad.answer = status(500, '{}', { 'x-should-retry': 'false' });
  const got = await gateway.post({ model: 'lab/test', messages });
  expect([got.status, got.headers.get(HEADERS.attempts)]).toEqual([500, '1']);
});

test('a caller who goes away while a retry waits is not asked for', async () => {
  bad.answer = status(429, '{}', { 'retry-after-ms': '1400' });
  const before = bad.asked.length;
  const aborter = new AbortController();
  const call = fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    body: JSON.stringify({ model: 'lab/test', messages, metadata: { marker: 'impatient' } }),
    signal: aborter.signal,
  });
  await expect.poll(() => bad.asked.length).toBe(before + 1);
  aborter.abort();
  await call.catch(() => undefined);
  await expect.poll(() => spooledRows(gateway.home).find((row) => row.metadata['marker'] === 'impatient')?.status).toBe('cancelled');
  expect(bad.asked.length).toBe(before + 1);
});
