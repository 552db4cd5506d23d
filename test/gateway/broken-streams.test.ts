import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { HEADERS } from '../../contracts/http.ts';
import { ADMIN_KEY, type GatewayProcess, labProvider, startGatewayProcess } from './gateway-process.ts';
import { spooledRows } from './spooled-rows.ts';
import { answerWith, chunkFrame, startUpstream, type TestUpstream, USAGE } from './upstream.ts';

/** What streams that break off say of their target, and streams that are none. */

type Answer = TestUpstream['answer'];

let upstream: TestUpstream;
let good: TestUpstream;
let gateway: GatewayProcess;
const messages = [{ role: 'user' as const, content: 'Hello' }];

beforeAll(async () => {
  upstream = await startUpstream();
  good = await startUpstream(answerWith('from the fallback'));
  gateway = await startGatewayProcess({
    clickhouseUrl: 'http://127.0.0.1:9',
    limits: { retries: 0, breakerFailures: 3, breakerOpenMs: 600_000 },
    providers: [
      labProvider(upstream.url),
      labProvider(upstream.url, { id: 'slow', timeouts: { firstByteMs: 200 } }),
      labProvider(good.url, { id: 'good' }),
    ],
    aliases: {
      breaking: { targets: [{ target: 'lab/breaking', weight: 1 }], fallbacks: ['good/test'] },
      late: { targets: [{ target: 'slow/late', weight: 1 }], fallbacks: ['good/test'] },
    },
  });
});
beforeEach(() => void (upstream.asked.length = 0));
afterAll(async () => {
  await gateway?.dispose();
  await Promise.all([upstream?.stop(), good?.stop()]);
});

const streamOf =
  (frames: string[], end: (response: Parameters<Answer>[1]) => void = (response) => response.end('data: [DONE]\n\n')): Answer =>
  (_asked, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frames.join(''), () => setImmediate(() => end(response)));
  };
const traceOf = (answer: Response) => spooledRows(gateway.home).find((row) => row.id === answer.headers.get(HEADERS.traceId))!;

test('a target whose streams break off again and again is left out, though each began well', async () => {
  upstream.answer = streamOf([chunkFrame({ content: 'half' })], (response) => response.socket!.destroy());
  for (let i = 0; i < 3; i++)
    expect(await (await gateway.post({ model: 'breaking', messages, stream: true })).text()).toContain('"upstream_reset"');
  const got = await gateway.post({ model: 'breaking', messages, stream: true });
  expect([got.headers.get(HEADERS.target), got.headers.get(HEADERS.attempts)]).toEqual(['good/test', '1']);
  await got.text();
  expect(upstream.asked).toHaveLength(3);
});

test('a streamed attempt took its own time, and not that of those before it', async () => {
  upstream.answer = () => undefined;
  good.answer = streamOf([chunkFrame({ content: 'from the fallback' }), chunkFrame({}, 'stop')]);
  const got = await gateway.post({ model: 'late', messages, stream: true });
  expect(await got.text()).toContain('from the fallback');
  const { attempts, latency_ms: latencyMs } = traceOf(got);
  expect(attempts).toMatchObject([{ error_class: 'upstream_timeout' }, { status: 200 }]);
  // Each is rounded.
  expect(attempts.reduce((sum, one) => sum + one.latency_ms, 0)).toBeLessThanOrEqual(latencyMs + attempts.length);
});

test('of two choices both must have come to their end', async () => {
  const second = (delta: object, finish: string | null = null) => chunkFrame(delta, finish).replace('"index":0', '"index":1');
  const begun = [chunkFrame({ content: 'one' }), second({ content: 'tw' }), chunkFrame({}, 'stop')];
  upstream.answer = streamOf(begun, (response) => response.end());
  const cut = await gateway.post({ model: 'lab/two', messages, stream: true, n: 2 });
  expect(await cut.text()).toContain('"upstream_reset"');
  expect(traceOf(cut)).toMatchObject({ status: 'error', error_class: 'upstream_reset' });
  upstream.answer = streamOf([...begun, second({}, 'stop')], (response) => response.end());
  const whole = await gateway.post({ model: 'lab/two', messages, stream: true, n: 2 });
  expect(await whole.text()).not.toContain('error');
  expect(traceOf(whole)).toMatchObject({ status: 'ok' });
});

test('a server that does not stream: its whole answer comes as a stream, to a client of either API', async () => {
  const call = { id: 'c1', type: 'function', function: { name: 'look_up', arguments: '{"q":"x"}' } };
  upstream.answer = answerWith('', {
    choices: [{ index: 0, message: { role: 'assistant', content: 'Let me see', tool_calls: [call] }, finish_reason: 'tool_calls' }],
  });
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: ADMIN_KEY, maxRetries: 0 });
  const stream = client.chat.completions.stream({ model: 'lab/whole', messages, stream_options: { include_usage: true } });
  expect(await stream.finalChatCompletion()).toMatchObject({
    choices: [{ message: { content: 'Let me see', tool_calls: [call] }, finish_reason: 'tool_calls' }],
    usage: USAGE,
  });
  const got = await gateway.post({ model: 'lab/whole', messages, stream: true });
  expect(got.headers.get('content-type')).toContain('text/event-stream');
  const text = await got.text();
  expect(text).toMatch(/data: \[DONE\]\n\n$/);
  expect(text).not.toContain('"usage"');
  expect(traceOf(got)).toMatchObject({ status: 'ok', answer_text: 'Let me see', tokens_in: 10, tokens_out: 4, tools_called: ['look_up'] });
  const messagesApi = await gateway.post({ model: 'lab/whole', max_tokens: 9, messages, stream: true }, {}, '/v1/messages');
  expect(await messagesApi.text()).toContain('event: message_stop');
});
