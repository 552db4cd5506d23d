import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream } from './upstream.ts';

let upstream: TestUpstream;
let chatter: Server;
let gateway: GatewayProcess;
const messages = [{ role: 'user', content: 'Hello' }];

beforeAll(async () => {
  upstream = await startUpstream();
  chatter = createServer((socket) => socket.on('error', () => undefined).end('220 mail.test ready\r\n')).listen(0, '127.0.0.1');
  await once(chatter, 'listening');
  const chatterUrl = `http://127.0.0.1:${(chatter.address() as AddressInfo).port}`;
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    providers: [labProvider(upstream.url), labProvider(chatterUrl, { id: 'mail' })],
  });
});

afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
  chatter?.close();
});

const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;
const streamOf =
  (...parts: (string | Buffer)[]): TestUpstream['answer'] =>
  (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const part of parts) response.write(part);
    response.end();
  };

test('an event that does not end is given up, and other calls go on', async () => {
  upstream.answer = streamOf(chunkFrame({ content: 'a' }), Buffer.alloc(20 * 1024 * 1024, 'x'));
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  expect(await got.text()).toContain('"upstream_invalid"');
  expect(traceOf(got)).toMatchObject({ status: 'error', error_class: 'upstream_invalid', answer_text: 'a' });
});

test("a model's name that no header can carry is percent-encoded, and a provider's header of that kind left out", async () => {
  upstream.answer = (asked, response) => {
    response.setHeader('x-request-id', Buffer.from('模型').toString('latin1'));
    return answerWith('four')(asked, { writeHead: () => response, end: (text: string) => response.end(text) } as never);
  };
  const got = await gateway.post({ model: 'lab/模型 \u0001', messages });
  expect(got.status).toBe(200);
  expect(got.headers.get(HEADERS.target)).toBe(encodeURI('lab/模型 \u0001'));
  expect(got.headers.get('x-request-id')).toBeNull();
  expect(traceOf(got)).toMatchObject({ target: 'lab/模型 \u0001', status: 'ok' });
});

test('a model that cannot be decoded does not exist', async () => {
  const got = await fetch(`${gateway.url}/v1/models/%ff`, { headers: { authorization: `Bearer ${ADMIN_KEY}` } });
  expect([got.status, await got.json()]).toMatchObject([404, { error: { code: 'model_not_found' } }]);
});

test('what does not speak HTTP is a bad upstream', async () => {
  const got = await gateway.post({ model: 'mail/test', messages });
  expect([got.status, await got.json()]).toMatchObject([502, { error: { code: 'upstream_invalid' } }]);
});

test.each([[1e18], [-1], [1.5], [2 ** 31], ['7']])('%s tokens are none: the cost is unknown', async (tokens) => {
  upstream.answer = answerWith('four', { usage: { prompt_tokens: tokens, completion_tokens: 4 } });
  const got = await gateway.post({ model: 'lab/test', messages });
  expect(got.status).toBe(200);
  expect(traceOf(got)).toMatchObject({ status: 'ok', tokens_in: 0, tokens_out: 0, cost_usd: null });
});

test.each([
  ['an object', '{"error":{"message":"out of memory","code":7}}'],
  ['a text', '{"error":"out of memory","usage":{"prompt_tokens":1}}'],
])("a provider's error frame (%s) ends the stream, and the trace has its message", async (_shape, data) => {
  const text = `${chunkFrame({ content: 'a' })}data: ${data}\n\n`;
  upstream.answer = streamOf(text);
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  const message = 'Provider "lab" sent an error in the stream: out of memory';
  const [first, last, ...more] = (await got.text()).split('\n\n');
  expect([`${first}\n\n`, more]).toEqual([chunkFrame({ content: 'a' }), ['']]);
  expect(JSON.parse(last!.slice(6))).toMatchObject({ error: { message, code: 'upstream_invalid' } });
  expect(traceOf(got)).toMatchObject({
    status: 'error',
    error_class: 'upstream_invalid',
    error_message: message,
    answer_text: 'a',
  });
});

test.each([
  ['its end mark', `${chunkFrame({ content: 'four' })}${chunkFrame({}, 'stop')}data: [DONE]`],
  ['its last chunk', `${chunkFrame({ content: 'four' })}${chunkFrame({}, 'stop').trimEnd()}\n`],
])('a stream without an empty line behind %s is whole', async (_what, text) => {
  upstream.answer = streamOf(text);
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  expect(await got.text()).not.toContain('error');
  expect(traceOf(got)).toMatchObject({ status: 'ok', answer_text: 'four', finish_reason: 'stop' });
});

test.each([
  ['CR', '\r'],
  ['CR LF', '\r\n'],
])('a stream whose lines end with %s, cut anywhere, by each way in', async (_name, end) => {
  const text = `: ping\n\n${chunkFrame({ content: 'fo' })}event: message\n${chunkFrame({ content: 'ur' })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`;
  const bytes = Buffer.from(text.replaceAll('\n', end));
  upstream.answer = async (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.socket!.setNoDelay(true);
    for (let at = 0; at < bytes.length; at += 7) await new Promise<unknown>((done) => response.write(bytes.subarray(at, at + 7), done));
    response.end();
  };
  const chat = await gateway.post({ model: 'lab/test', messages, stream: true });
  expect(await chat.text()).toBe(bytes.toString());
  expect(traceOf(chat)).toMatchObject({ status: 'ok', answer_text: 'four', finish_reason: 'stop' });
  const translated = await gateway.post({ model: 'lab/test', max_tokens: 9, messages, stream: true }, {}, '/v1/messages');
  expect(await translated.text()).toMatch(/"text":"fo"[^]*"text":"ur"[^]*event: message_stop/);
});

test.each([
  ['as plain text', { 'content-type': 'text/plain; charset=utf-8' }],
  ['as JSON', { 'content-type': 'application/json' }],
  ['in capitals', { 'content-type': 'Text/Event-Stream' }],
  ['as nothing', {}],
])('a stream that is sent %s is one', async (_what, headers) => {
  const text = `${chunkFrame({ role: 'assistant', content: '' })}${chunkFrame({ content: 'four' })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`;
  upstream.answer = (_asked, response) => void response.writeHead(200, headers).end(text);
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  expect([got.status, got.headers.get('content-type'), await got.text()]).toEqual([200, 'text/event-stream', text]);
  expect(traceOf(got)).toMatchObject({ status: 'ok', answer_text: 'four', finish_reason: 'stop' });
  // Who asked for no stream can't be given one.
  const whole = await gateway.post({ model: 'lab/test', messages });
  expect([whole.status, await whole.json()]).toMatchObject([502, { error: { code: 'upstream_invalid' } }]);
});

test('a byte order mark before an answer takes nothing of it', async () => {
  const stream = `\uFEFF${chunkFrame({ content: 'four' })}${chunkFrame({}, 'stop')}data: [DONE]\n\n`;
  upstream.answer = (asked, response) => {
    if (asked.body['stream'] !== true)
      return answerWith('four')(asked, { writeHead: () => response, end: (text: string) => response.end(`\uFEFF${text}`) } as never);
    response.writeHead(200, { 'content-type': 'text/plain' }).end(stream);
  };
  const whole = await gateway.post({ model: 'lab/test', messages });
  expect([whole.status, await whole.json()]).toMatchObject([200, { choices: [{ message: { content: 'four' } }] }]);
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  await got.text();
  expect(traceOf(got)).toMatchObject({ status: 'ok', answer_text: 'four' });
});

test('a stream that ends within a chunk is not', async () => {
  upstream.answer = streamOf(chunkFrame({ content: 'four' }), chunkFrame({}, 'stop').slice(0, -20));
  const got = await gateway.post({ model: 'lab/test', messages, stream: true });
  expect(await got.text()).toContain('"upstream_reset"');
});
