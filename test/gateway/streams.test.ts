import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

let upstream: TestUpstream;
let gateway: GatewayProcess;
let client: OpenAI;
const messages = [{ role: 'user' as const, content: 'Count to three' }];
const usageFrame = `data: ${JSON.stringify({ id: 'chatcmpl-test', object: 'chat.completion.chunk', model: 'test-model-1', choices: [], usage: USAGE })}\n\n`;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGatewayProcess({ clickhouseUrl: 'http://127.0.0.1:9', providers: [labProvider(upstream.url)] });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.dispose();
  await upstream?.stop();
});

const frames = [
  chunkFrame({ role: 'assistant', content: '' }),
  chunkFrame({ content: 'one' }),
  chunkFrame({ content: ' zwölf' }),
  chunkFrame({}, 'stop'),
  usageFrame,
  'data: [DONE]\n\n',
];
/** Sends the bytes cut at every `size` bytes, each piece in a packet of its own. */
const inPieces =
  (text: string, size: number): TestUpstream['answer'] =>
  async (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) {
      response.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
const streamed = (extra: object = {}) => gateway.post({ model: 'lab/test', messages, stream: true, ...extra });
const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;

test.each([[1], [7], [64], [100_000]])(
  'frames come through whole, cut at every %i bytes; usage that only the gateway asked for is taken out',
  async (size) => {
    upstream.answer = inPieces(frames.join(''), size);
    const answer = await streamed();
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await answer.text()).toBe(frames.filter((frame) => frame !== usageFrame).join(''));
    expect(upstream.asked.at(-1)!.body['stream_options']).toEqual({ include_usage: true });
    expect(traceOf(answer)).toMatchObject({
      status: 'ok',
      streamed: true,
      answer_text: 'one zwölf',
      finish_reason: 'stop',
      tokens_in: 10,
      tokens_out: 4,
      model_answered: 'test-model-1',
    });
    expect(JSON.parse(traceOf(answer).response)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'one zwölf' }, finish_reason: 'stop' }],
      usage: USAGE,
    });
  },
);

test('usage that the caller asked for stays, and so do other stream options', async () => {
  upstream.answer = inPieces(frames.join(''), 50);
  expect(await (await streamed({ stream_options: { include_usage: true } })).text()).toBe(frames.join(''));
  await (await streamed({ stream_options: { x: 1 } })).text();
  expect(upstream.asked.at(-1)!.body['stream_options']).toEqual({ x: 1, include_usage: true });
});

test('comments and carriage returns come through', async () => {
  const text = `: ping\r\n\r\n${chunkFrame({ content: 'hi' }).replaceAll('\n', '\r\n')}${chunkFrame({}, 'stop')}data: [DONE]\r\n\r\n`;
  upstream.answer = inPieces(text, 9);
  const answer = await streamed();
  expect(await answer.text()).toBe(text);
  expect(traceOf(answer).answer_text).toBe('hi');
});

test.each([['data: [DONE]'], ['data: [DONE]\n'], ['data:[DONE]\r\n']])(
  'an end mark without an empty line behind it (%j) is one',
  async (mark) => {
    upstream.answer = inPieces(`${frames[1]}${frames[3]}${mark}`, 25);
    const answer = await streamed();
    expect(await answer.text()).toBe(`${frames[1]}${frames[3]}data: [DONE]\n\n`);
    expect(traceOf(answer)).toMatchObject({ status: 'ok', answer_text: 'one', finish_reason: 'stop' });
  },
);

test('chunks of another shape come through, and the trace has the rest', async () => {
  const odd = ['{"choices":[null]}', '{"choices":{}}', '{"choices":[{"index":0,"delta":null}]}'].map((data) => `data: ${data}\n\n`);
  const text = [frames[1], ...odd, frames[3], 'data: [DONE]\n\n'].join('');
  upstream.answer = inPieces(text, 30);
  const answer = await streamed();
  expect(await answer.text()).toBe(text);
  expect(traceOf(answer)).toMatchObject({ status: 'ok', answer_text: 'one', finish_reason: 'stop' });
});

test('tool calls are put together in the trace', async () => {
  const call = (fields: object) => chunkFrame({ tool_calls: [{ index: 0, ...fields }] });
  upstream.answer = inPieces(
    [
      call({ id: 'c1', type: 'function', function: { name: 'look_up', arguments: '' } }),
      call({ function: { arguments: '{"q":' } }),
      call({ function: { arguments: '"x"}' } }),
      chunkFrame({}, 'tool_calls'),
      'data: [DONE]\n\n',
    ].join(''),
    1000,
  );
  const answer = await streamed();
  await answer.text();
  expect(JSON.parse(traceOf(answer).response).choices[0].message.tool_calls).toEqual([
    { id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{"q":"x"}' } },
  ]);
});

test('where nobody counts, thoughts and arguments are estimated as what they are: tokens', async () => {
  const letters = (count: number) => 'x'.repeat(count);
  upstream.answer = inPieces(
    [
      chunkFrame({ role: 'assistant', reasoning_content: letters(400), reasoning: letters(400) }),
      chunkFrame({ content: letters(40) }),
      chunkFrame({ tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'save', arguments: letters(796) } }] }),
      chunkFrame({}, 'tool_calls'),
      'data: [DONE]\n\n',
    ].join(''),
    1000,
  );
  const answer = await streamed();
  await answer.text();
  expect(traceOf(answer)).toMatchObject({ status: 'ok', tokens_out: (400 + 40 + 4 + 796) / 4 });
});

test('the first frames arrive while the provider is still writing', async () => {
  let goOn: (() => void) | undefined;
  upstream.answer = (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frames[1]);
    goOn = () => response.end(frames.slice(3).join(''));
  };
  const reader = (await streamed()).body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(frames[1]);
  goOn!();
  while (!(await reader.read()).done);
});

test('a slow reader holds the provider back instead of filling the memory', async () => {
  const frame = chunkFrame({ content: 'x'.repeat(60_000) });
  let written = 0;
  let blocked = false;
  upstream.answer = async (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.setMaxListeners(0);
    while (!response.destroyed && written < 400) {
      written++;
      if (!response.write(frame)) {
        blocked = true;
        await Promise.race([
          new Promise((resolve) => response.once('drain', resolve)),
          new Promise((resolve) => response.once('close', resolve)),
        ]);
      }
    }
    response.end('data: [DONE]\n\n');
  };
  const answer = await streamed();
  const reader = answer.body!.getReader();
  await reader.read();
  await expect.poll(() => blocked).toBe(true);
  // 400 frames are 24 MB: sockets and buffers hold a part of it, and then it stands still until the caller reads on.
  const stood = written;
  expect(stood).toBeLessThan(400);
  for (let done = false; !done;) ({ done } = await reader.read());
  expect(written).toBe(400);
});

test('an answer that does not end is ended, with its trace, before it fills the memory', async () => {
  const frame = chunkFrame({ content: 'x'.repeat(1_000_000) });
  upstream.answer = async (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.setMaxListeners(0);
    // As much again as may be kept; after that it was not ended.
    for (let written = 0; !response.destroyed && written < 130; written++) {
      if (response.write(frame)) continue;
      await Promise.race(['drain', 'close'].map((event) => new Promise((resolve) => response.once(event, resolve))));
    }
    response.end();
  };
  const answer = await streamed();
  let bytes = 0;
  let last = '';
  for await (const piece of answer.body!) {
    bytes += piece.length;
    last = (last + new TextDecoder().decode(piece)).slice(-1000);
  }
  expect(bytes).toBeLessThan(70_000_000);
  expect(last).toContain('"code":"upstream_invalid"');
  expect(last).not.toContain('[DONE]');
  const { status, error_class: errorClass, attempts } = traceOf(answer);
  expect([status, errorClass, attempts.length]).toEqual(['error', 'upstream_invalid', 1]);
});

test('the official client: whole, streamed, and its own errors', async () => {
  upstream.answer = answerWith('three');
  const { data, response } = await client.chat.completions.create({ model: 'lab/test', messages }).withResponse();
  expect(data.choices[0]!.message.content).toBe('three');
  expect(response.headers.get(HEADERS.traceId)).toMatch(/^[0-9a-f-]{36}$/);
  upstream.answer = inPieces(frames.join(''), 11);
  let text = '';
  for await (const chunk of await client.chat.completions.create({ model: 'lab/test', messages, stream: true }))
    text += chunk.choices[0]?.delta.content ?? '';
  expect(text).toBe('one zwölf');
  await expect(client.chat.completions.create({ model: 'nothing-like-it', messages })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  const wrong = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'wrong', maxRetries: 0 });
  await expect(wrong.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  expect((await client.models.list()).data.map((model) => model.id)).toEqual(['lab/test']);
});
